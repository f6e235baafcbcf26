"""The empty installation, and accounts that have no role yet: every page leads on."""

from http import HTTPStatus

import pytest
from django.contrib.auth.models import User

from tests.labeling.world import make_field


@pytest.mark.parametrize("page", ["/", "/classify/", "/guide/", "/imports/"])
def test_an_account_without_a_role_learns_who_can_help(browse, people, page):
    User.objects.create_superuser("root", first_name="Vera", last_name="Rubin")
    User.objects.create_superuser("left", is_active=False)
    response = browse("stranger").get(page)
    text = response.content.decode()
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert "Your account has no role yet" in text
    assert "Ask an administrator for one: admin, Vera Rubin (root)." in text
    for role in ("expert", "curator", "administrator"):
        assert f"<dt>{role}</dt>" in text
    assert "left" not in text.split("Ask an administrator")[1].split("</p>")[0]


def test_a_page_for_a_higher_role_names_administrators_too(browse):
    text = browse("ada").get("/imports/").content.decode()
    assert "Your account does not have access to this page" in text
    assert "Administrators can give you another role: admin." in text


@pytest.mark.parametrize("page", ["/classify/", "/candidates/"])
def test_without_a_field_it_says_where_to_go(browse, page):
    text = browse("admin").get(page).content.decode()
    assert "No field with candidates has been imported yet" in text
    assert 'href="/imports/new/"' in text
    text = browse("ada").get(page).content.decode()
    assert "Administrators can import one: admin." in text
    assert "/imports/new/" not in text


def test_a_field_without_candidates_says_so(browse, field):
    make_field("ngc2", candidates=0)
    text = browse("ada").get("/classify/?field=ngc2").content.decode()
    assert "The field ngc2 has no candidates yet" in text
    assert 'href="/classify/"' in text
    assert "queue-filter" in browse("ada").get("/classify/").content.decode()


def test_the_log_in_page_says_how_the_first_administrator_is_made(client, db):
    assert "python manage.py createsuperuser" in client.get("/login/").content.decode()
    User.objects.create_superuser("root")
    assert "createsuperuser" not in client.get("/login/").content.decode()
