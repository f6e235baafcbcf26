"""Accounts as every request needs them: with their roles, in one question to the database."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, User
from django.db.models import Exists, OuterRef

from labeling.roles import Role, know_roles
from labeling.statements import Given, Statement

_WITH_ROLES: Statement[User] = Statement(
    lambda: User.objects.filter(pk=Given("pk")).annotate(
        **{
            f"is_{role}": Exists(Group.objects.filter(user=OuterRef("pk"), name=role))
            for role in Role
        }
    )
)


class Backend(ModelBackend):
    """Django's own, but for that question."""

    def get_user(self, user_id: Any) -> User | None:
        """The account of a session, unless it is gone or no longer active."""
        for user in _WITH_ROLES.objects(pk=user_id):
            know_roles(user, {role for role in Role if getattr(user, f"is_{role}")})
            return user if self.user_can_authenticate(user) else None
        return None
