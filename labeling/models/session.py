"""Sessions: browsers that the site remembers, and whose they are."""

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class Session(AbstractBaseSession):
    """Django's own, with the account that is signed in, so that both are read in one question."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions"
    )

    def __str__(self) -> str:
        # The key is a secret: whoever has it is signed in.
        return f"{self.account or 'a visitor'} until {self.expire_date:%Y-%m-%d}"
