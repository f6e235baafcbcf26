"""Who can give access, which roles there are, and the program that makes accounts."""

from django import template
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from labeling.auth.roles import ROLE_TASKS, Role, administrators, has_role

register = template.Library()


@register.simple_tag
def administrator_names() -> list[str]:
    """Return the names of the administrators."""
    return [
        f"{full} ({account.username})" if (full := account.get_full_name()) else account.username
        for account in administrators()
    ]


@register.simple_tag
def role_tasks() -> list[tuple[str, str]]:
    """Return each role with what it is for."""
    return [(role.value, task) for role, task in ROLE_TASKS.items()]


@register.filter
def has_no_role(user: AbstractBaseUser | AnonymousUser) -> bool:
    """True if the account has no role yet."""
    return user.is_authenticated and not has_role(user, Role.EXPERT)


@register.simple_tag
def program() -> str:
    """Return the program that runs the commands."""
    return "python manage.py" if settings.IS_CHECKOUT else "asterism"
