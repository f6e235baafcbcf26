"""Who may call what."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from labeling.roles import Role, has_role


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
