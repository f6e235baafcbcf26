"""Authentication of scripts: `Authorization: Token KEY`."""

from django.contrib.auth.models import User
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed

from labeling.models import ApiToken


class TokenAuthentication(authentication.TokenAuthentication):
    """DRF's scheme with our tokens, of which only hashes are stored."""

    def authenticate_credentials(self, key: str) -> tuple[User, ApiToken]:
        """Return the account and its token, and record the use."""
        tokens = ApiToken.objects.live().of_key(key).filter(account__is_active=True)
        token = tokens.select_related("account").first()
        if token is None:
            raise AuthenticationFailed(
                "This token is not valid. Tokens end when they are revoked or the password of "
                "their account changes; `manage.py token NAME` makes a new one."
            )
        token.record_use()
        return token.account, token
