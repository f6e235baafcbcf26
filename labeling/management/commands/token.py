"""`manage.py token NAME`: an API token for scripts."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.authtoken.models import Token


class Command(BaseCommand):
    """Print the token of an account, made on first use; `--renew` revokes the old one."""

    help = "Print an API token for scripts: `Authorization: Token …`."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("name", help="name of the account")
        parser.add_argument("--renew", action="store_true", help="revoke the old token")

    def handle(self, *args: Any, name: str, renew: bool, **options: Any) -> None:
        """Print the token on one line."""
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no account {name!r}; make one under /admin/.")
        if renew:
            Token.objects.filter(user=user).delete()
        token, _ = Token.objects.get_or_create(user=user)
        self.stdout.write(token.key)
