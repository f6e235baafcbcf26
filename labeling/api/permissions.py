"""Permissions of the API: roles, and actions on runs and experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import SAFE_METHODS, BasePermission

from labeling.auth.actions import Action, may
from labeling.auth.roles import Role, has_role

if TYPE_CHECKING:
    # These load the settings, and the settings name the classes below.
    from rest_framework.request import Request
    from rest_framework.views import APIView


class _HasRole(BasePermission):
    role: Role

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True if the caller has the role or a higher one."""
        return has_role(request.user, self.role)


class IsExpert(_HasRole):
    """Experts, curators and administrators."""

    role = Role.EXPERT


class IsCurator(_HasRole):
    """Curators and administrators."""

    role = Role.CURATOR


class MayAct(BasePermission):
    """Callers whose role allows the action that the view has in `actions` for the method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True if the caller may; a method without an action is answered to administrators only."""
        method = "GET" if request.method in SAFE_METHODS else request.method
        return may(request.user, view.actions.get(method, Action.START))
