"""The end of an account's API tokens when its password changes."""

from django.contrib.auth.models import User

from labeling.models import ApiToken


class EndTokens:
    """Revokes the account's API tokens when its password changes, wherever that is done.

    Django calls the validators of the setting AUTH_PASSWORD_VALIDATORS after each change, and not
    when it only hashes the same password anew.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        """Accept every password."""

    def get_help_text(self) -> str:
        """Return the sentence that forms show."""
        return "With a new password, the API tokens of this account end."

    def password_changed(self, password: str, user: User | None = None) -> None:
        """Revoke the tokens."""
        if user is not None:
            ApiToken.objects.filter(account=user).revoke()
