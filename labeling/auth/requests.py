"""Types of requests whose user has signed in: the permissions of a view check it."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from rest_framework.request import Request


class AuthenticatedHttpRequest(HttpRequest):
    """A request for a page by a user."""

    user: User


class AuthenticatedRequest(Request):
    """A request to the API by a user."""

    user: User
