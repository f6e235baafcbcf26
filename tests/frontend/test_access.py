"""Every page, for every role: what it answers."""

from http import HTTPStatus

import pytest

from frontend.urls import urlpatterns
from tests.labeling.world import make_run

FOR_EXPERTS = ("/", "/classify/", "/candidates/", "/candidates/{candidate}/", "/fields/ngc1/")
FOR_EXPERTS += ("/agreement/", "/agreement/questions/", "/runs/", "/runs/{run}/", "/guide/")
FOR_CURATORS = ("/disagreements/", "/agreement/diagnosis/", "/exports/")
OPEN = ("/login/", "/whoami/")
POSTED = (
    "/logout/",
    "/candidates/{candidate}/comments/",
    "/disagreements/{candidate}/",
    "/runs/{run}/cancel/",
)


@pytest.fixture
def address(candidate, people):
    """Fills the ids in."""
    run = make_run(candidate.field, people["admin"])
    return lambda page: page.format(candidate=candidate.pk, run=run.pk)


def test_it_has_a_row_here_for_every_page():
    assert len(urlpatterns) == len(FOR_EXPERTS + FOR_CURATORS + OPEN + POSTED)


@pytest.mark.parametrize("page", FOR_EXPERTS + FOR_CURATORS)
def test_it_asks_visitors_to_log_in(browse, address, page):
    response = browse().get(address(page))
    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("page", FOR_EXPERTS + FOR_CURATORS)
def test_it_refuses_accounts_without_a_role(browse, address, page):
    response = browse("stranger").get(address(page))
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert "role" in response.content.decode()


@pytest.mark.parametrize("name", ["ada", "cur", "admin"])
@pytest.mark.parametrize("page", FOR_EXPERTS + FOR_CURATORS)
def test_it_opens_pages_by_role(browse, address, page, name):
    closed = page in FOR_CURATORS and name == "ada"
    expected = HTTPStatus.FORBIDDEN if closed else HTTPStatus.OK
    assert browse(name).get(address(page)).status_code == expected


@pytest.mark.parametrize("page", ["/runs/{run}/cancel/", "/runs/{run}/promote/", "/runs/"])
@pytest.mark.parametrize("name", ["ada", "cur"])
def test_it_leaves_runs_to_administrators(browse, address, page, name):
    assert browse(name).post(address(page)).status_code == HTTPStatus.FORBIDDEN


def test_it_leaves_ties_to_curators(browse, address):
    page = address("/disagreements/{candidate}/")
    assert browse("ada").post(page).status_code == HTTPStatus.FORBIDDEN


def test_it_says_whose_session_it_is(browse):
    assert browse("ada").get("/whoami/").json() == {"user": "ada"}
    assert browse().get("/whoami/").json() == {"user": ""}


def test_it_has_pages_for_what_is_not_there(browse, field):
    response = browse("ada").get("/fields/nowhere/")
    assert response.status_code == HTTPStatus.NOT_FOUND
    assert "There is nothing at this address" in response.content.decode()
