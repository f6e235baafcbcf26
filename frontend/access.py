"""Who may open which page."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from labeling.roles import Role, has_role

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], R]


def for_role(role: Role) -> Callable[[View[P, R]], View[P, R]]:
    """Opens a view to that role and higher ones; strangers are asked to log in."""

    def decorate(view: View[P, R]) -> View[P, R]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R:
            if not has_role(request.user, role):
                raise PermissionDenied(f"This page is for people with the role {role.label}.")
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate
