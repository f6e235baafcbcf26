"""The accounts of the demonstration: their passwords are known, so one computer only has them."""

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password

ROLES = {
    "ada": "expert",
    "bea": "expert",
    "cy": "expert",
    "cur": "curator",
    "admin": "administrator",
}
"""Role of each account by its name."""


def names_with_known_password() -> list[str]:
    """Return the accounts that still have their name as password."""
    accounts = get_user_model().objects.filter(username__in=ROLES, is_active=True)
    names_and_hashes = accounts.order_by("pk").values_list("username", "password")
    return [name for name, encoded in names_and_hashes if check_password(name, encoded)]


def known_password_error() -> str | None:
    """Return why this site must not be open to other computers, or None if it may be."""
    names = names_with_known_password()
    if not names:
        return None
    return (
        f"The accounts of the demonstration have their names as passwords: {', '.join(names)}. "
        "They are for one computer only, served by `serve`, without DATABASE_URL, HTTPS, "
        "CSRF_TRUSTED_ORIGINS, SCRIPT_NAME and other names in ALLOWED_HOSTS. Give each another "
        "password with `manage.py changepassword NAME`, or make it inactive under /admin/."
    )
