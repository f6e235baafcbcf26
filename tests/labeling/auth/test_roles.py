"""labeling.auth.roles: a higher role may do all that a lower one may."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group

from labeling.auth.roles import Role, has_role


@pytest.mark.parametrize(
    ("name", "held"),
    [("stranger", 0), ("ada", 1), ("cur", 2), ("admin", 3)],
)
def test_roles_are_ranks(db, request, name, held):
    user = request.getfixturevalue(name)
    assert [has_role(user, role) for role in Role] == [k < held for k in range(3)]


def test_a_superuser_holds_all(django_user_model):
    root = django_user_model(username="root", is_superuser=True)
    assert all(has_role(root, role) for role in Role)


def test_a_closed_account_holds_none(admin):
    admin.is_active = False
    assert not any(has_role(admin, role) for role in Role)


def test_nobody_holds_none():
    assert not any(has_role(AnonymousUser(), role) for role in Role)


def test_the_groups_are_there_from_the_start(db):
    assert set(Group.objects.values_list("name", flat=True)) == set(Role.values)
