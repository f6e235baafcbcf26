"""Who may call what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from labeling.auth.roles import Role, has_role

if TYPE_CHECKING:
    # These load the settings, and the settings name the classes below.
    from rest_framework.request import Request
    from rest_framework.views import APIView


class _HasRole(BasePermission):
    role: Role

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller holds the role or a higher one."""
        return has_role(request.user, self.role)


class IsExpert(_HasRole):
    """Experts, curators and administrators."""

    role = Role.EXPERT


class IsCurator(_HasRole):
    """Curators and administrators."""

    role = Role.CURATOR


class IsAdministrator(_HasRole):
    """Administrators."""

    role = Role.ADMINISTRATOR
