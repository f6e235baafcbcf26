"""The type of the requests that reach the API's views: a permission has checked who calls."""

from typing import TYPE_CHECKING

from rest_framework.request import Request

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class UserRequest(Request):
    """A request by somebody who is logged in."""

    user: "User"
