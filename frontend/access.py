"""Decorators that give pages to roles."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase

from frontend.requests import PageRequest
from labeling.auth.actions import REQUIRED_ROLE, Action
from labeling.auth.roles import Role, has_role

View = Callable[..., HttpResponseBase]


def for_role(role: Role) -> Callable[[View], View]:
    """Open a view to this role and higher ones; visitors are asked to log in."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require_role(request.user, role)
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate


def for_action(action: Action) -> Callable[[View], View]:
    """Open a view to the roles that may do this with runs and experiments."""
    return for_role(REQUIRED_ROLE[action])


def require_role(user: User, role: Role) -> None:
    """Raise PermissionDenied unless the user has this role or a higher one."""
    if not has_role(user, role):
        raise PermissionDenied(f"You need the role “{role.value}” for this.")


def require(user: User, action: Action) -> None:
    """Raise PermissionDenied unless the user's role allows the action."""
    require_role(user, REQUIRED_ROLE[action])
