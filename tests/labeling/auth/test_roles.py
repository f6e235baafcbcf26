"""labeling.auth.roles: a higher role includes the lower ones."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group

from labeling.auth.roles import Role, has_role


@pytest.mark.parametrize(
    ("name", "n_roles"),
    [("stranger", 0), ("ada", 1), ("cur", 2), ("admin", 3)],
)
def test_a_role_includes_the_lower_ones(db, request, name, n_roles):
    user = request.getfixturevalue(name)
    assert [has_role(user, role) for role in Role] == [k < n_roles for k in range(3)]


def test_a_superuser_has_all_roles(django_user_model):
    root = django_user_model(username="root", is_superuser=True)
    assert all(has_role(root, role) for role in Role)


def test_an_inactive_account_has_no_role(admin):
    admin.is_active = False
    assert not any(has_role(admin, role) for role in Role)


def test_an_anonymous_user_has_no_role():
    assert not any(has_role(AnonymousUser(), role) for role in Role)


def test_migrations_make_the_groups(db):
    assert set(Group.objects.values_list("name", flat=True)) == set(Role.values)
