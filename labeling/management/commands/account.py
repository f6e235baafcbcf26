"""`manage.py account NAME --role ROLE`: accounts with their role."""

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from labeling.auth.roles import ROLE_TASKS, Role, give_role


class Command(BaseCommand):
    """Make an account with a role, or give another role to one that exists."""

    help = (
        "Make an account with a role, or give another role to one that exists. The password is "
        "asked for, or read from the standard input. "
        + " ".join(f"{role}: {task}." for role, task in ROLE_TASKS.items())
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare name and role."""
        parser.add_argument("name", help="name to log in with")
        parser.add_argument("--role", required=True, choices=Role.values)

    @transaction.atomic
    def handle(self, *args: Any, name: str, role: str, **options: Any) -> None:
        """Report whether the account is new."""
        account = User.objects.filter(username=name).first()
        message = f"{name} now has the role {role}."
        if account is None:
            account = self._make(name)
            message = f"The account {name} is made, with the role {role}."
        give_role(account, role)
        self.stdout.write(message)

    def _make(self, name: str) -> User:
        account = User(username=name)
        try:
            account.full_clean(exclude=["password"])
            password = _password()
            validate_password(password, account)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        account.set_password(password)
        account.save()
        return account


def _password() -> str:
    """Return the password that is typed twice, or the first line of the standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass()
    if getpass("Password (again): ") != password:
        raise CommandError("The passwords are not the same; no account is made.")
    return password
