"""`manage.py token NAME`: API tokens for scripts."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.models import ApiToken


class Command(BaseCommand):
    """Print a new token of an account, or revoke those that there are."""

    help = (
        "Print a new API token for scripts: `Authorization: Token …`. Only its hash is stored, and "
        "earlier tokens stay valid. All end when the password changes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("name", help="name of the account")
        parser.add_argument(
            "--token-name", default="command line", help="what the token is for, to recognise it by"
        )
        ending = parser.add_mutually_exclusive_group()
        ending.add_argument("--revoke", action="store_true", help="revoke all tokens; print none")
        ending.add_argument("--renew", action="store_true", help="revoke all; print a new one")

    def handle(
        self, *args: Any, name: str, token_name: str, revoke: bool, renew: bool, **options: Any
    ) -> None:
        """Print the key on one line, or how many tokens were revoked."""
        account = get_user_model().objects.filter(username=name).first()
        if account is None:
            raise CommandError(f"There is no account {name!r}; make one under /admin/.")
        if not 0 < len(token_name) <= 80:
            raise CommandError("The name of a token has 1 to 80 characters.")
        if revoke or renew:
            count = ApiToken.objects.filter(account=account).revoke()
        if revoke:
            self.stdout.write(f"{count} token{'' if count == 1 else 's'} of {name} revoked.")
        else:
            _, key = ApiToken.objects.issue(account, token_name)
            self.stdout.write(key)
