"""manage.py demo: the demonstration field and its accounts, on a small sky."""

from functools import partial

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command

from deploy import demo
from labeling.auth.roles import Role, has_role
from labeling.models import Candidate, Field, ReferenceLabel
from labeling.simulation import simulate_field


@pytest.fixture
def small(settings, tmp_path, monkeypatch):
    """The real simulator, asked for a small field."""
    settings.HOME = tmp_path / "home"
    settings.ONE_COMPUTER = True
    reduced = partial(simulate_field, shape=(400, 400), candidates=30)
    monkeypatch.setattr(demo, "simulate_field", reduced)


def test_it_makes_a_simulated_field_without_its_true_classes(db, small, capsys):
    call_command("demo")
    field = Field.objects.get()
    assert (field.name, field.simulated, field.mosaics.count()) == ("demo", True, 5)
    assert Candidate.objects.in_play().count() > 15
    assert not ReferenceLabel.objects.exists()
    assert "simulated" in capsys.readouterr().out
    assert not any("class" in line for line in field.imports.get().report)


def test_a_second_call_changes_nothing(db, small):
    for _ in range(2):
        call_command("demo")
    assert (Field.objects.count(), get_user_model().objects.count()) == (1, 5)
    assert Field.objects.get().imports.count() == 1


def test_its_accounts_have_their_roles_and_their_names_as_passwords(db):
    demo.create_accounts()
    expected = {
        "ada": Role.EXPERT,
        "bea": Role.EXPERT,
        "cy": Role.EXPERT,
        "cur": Role.CURATOR,
        "admin": Role.ADMINISTRATOR,
    }
    ranks = list(Role)
    for name, role in expected.items():
        user = authenticate(username=name, password=name)
        held = [has_role(user, each) for each in ranks]
        assert held == [ranks.index(each) <= ranks.index(role) for each in ranks]


def test_a_changed_account_is_not_reset(db):
    demo.create_accounts()
    ada = get_user_model().objects.get(username="ada")
    ada.set_password("something else")
    ada.save()
    demo.create_accounts()
    assert authenticate(username="ada", password="something else")
