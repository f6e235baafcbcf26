"""The links of the header and the theme, by who is logged in."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from labeling.auth.roles import Role, has_role
from labeling.models import Preferences

register = template.Library()

PAGES = (
    ("progress", "Progress", Role.EXPERT),
    ("classify", "Classify", Role.EXPERT),
    ("candidates", "Candidates", Role.EXPERT),
    ("disagreements", "Disagreements", Role.CURATOR),
    ("agreement", "Agreement", Role.EXPERT),
    ("runs", "Runs", Role.EXPERT),
    ("experiments", "Experiments", Role.EXPERT),
    ("exports", "Exports", Role.CURATOR),
    ("imports", "Imports", Role.ADMINISTRATOR),
    ("guide", "Guide", Role.EXPERT),
    ("admin:index", "Admin", Role.ADMINISTRATOR),
)


@dataclass(frozen=True)
class PageLink:
    """A link of the header."""

    title: str
    url: str
    current: bool


@register.inclusion_tag("frontend/_pages.html", takes_context=True)
def pages(context: dict[str, Any]) -> dict[str, list[PageLink]]:
    """Return links to the pages of this person's role, with the current page marked."""
    request: HttpRequest | None = context.get("request")
    if request is None:  # error pages are rendered without a request
        return {"pages": []}
    root = reverse("progress")
    links = [
        PageLink(
            title,
            url,
            current=request.path == url or (url != root and request.path.startswith(url)),
        )
        for name, title, role in PAGES
        if has_role(request.user, role)
        for url in [reverse(name)]
    ]
    return {"pages": links}


@register.simple_tag
def csrf_cookie_name() -> str:
    """Return the name of the cookie from which scripts read the CSRF token."""
    return str(settings.CSRF_COOKIE_NAME)


@register.simple_tag(takes_context=True)
def theme(context: dict[str, Any]) -> str:
    """Return the theme that this person has chosen; empty for visitors."""
    request: HttpRequest | None = context.get("request")
    if request is None or not request.user.is_authenticated:
        return ""
    return Preferences.of(request.user).theme
