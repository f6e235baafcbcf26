"""Who may open which page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from labeling.auth.roles import Role, has_role

View = Callable[..., HttpResponseBase]


def for_role(role: Role) -> Callable[[View], View]:
    """Opens a view to that role and higher ones; strangers are asked to log in."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not has_role(request.user, role):
                raise PermissionDenied(f"This page is for people with the role {role.value}.")
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate
