"""Throttled log-in: a pause after many wrong passwords for an account, or from an address.

django-axes counts the failures in the database. While an account or an address is paused, no
password is checked, and nothing prolongs the pause.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.utils import timezone

if TYPE_CHECKING:
    from django.http import HttpRequest

ACCOUNTS_AT_AN_ADDRESS = 5
"""An address has the failures of this many accounts: institutes share one among all."""

Address = IPv4Address | IPv6Address
Credentials = Mapping[str, Any] | None


class ThrottleBackend(AxesStandaloneBackend):
    """Refuses log-ins that are paused; checks no password itself."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Raise PermissionDenied during a pause; log-ins without a request are from a command."""
        if request is not None:
            super().authenticate(request, **credentials)


class FailureCounter(AxesDatabaseHandler):
    """Counts wrong passwords by account and by address, with a limit for each."""

    def get_failures(self, request: HttpRequest, credentials: Credentials = None) -> int:
        """Return the number that is compared with AXES_FAILURE_LIMIT."""
        return max(self._failures(request, credentials))

    def seconds_left(self, request: HttpRequest, credentials: Credentials) -> int:
        """Return after how many seconds the pause is over."""
        counts = self._failures(request, credentials)
        last_failures = [
            attempts.aggregate(last=Max("attempt_time"))["last"]
            for attempts, count in zip(
                self.get_user_attempts(request, credentials), counts, strict=True
            )
            if count >= settings.AXES_FAILURE_LIMIT
        ]
        end = max(last_failures, default=timezone.now()) + settings.AXES_COOLOFF_TIME
        return max(1, -((timezone.now() - end) // timedelta(seconds=1)))

    def reset_user_attempts(self, request: HttpRequest, credentials: Credentials = None) -> int:
        """Forget the failures of the account at this address, after its right password.

        Those of other accounts stay: who has an account could guess the passwords of others.
        """
        username = get_client_username(request, credentials)
        address = request.axes_ip_address  # type: ignore[attr-defined]
        attempts = AccessAttempt.objects.filter(username=username, ip_address=address)
        count: int = attempts.delete()[0]
        return count

    def _failures(self, request: HttpRequest, credentials: Credentials) -> tuple[int, int]:
        """Return the failures of the account and, per account, of the address."""
        account, address = (
            attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
            for attempts in self.get_user_attempts(request, credentials)
        )
        return account, address // ACCOUNTS_AT_AN_ADDRESS


def client_address(request: HttpRequest) -> str | None:
    """Return the address of the client, as the proxies of TRUSTED_PROXIES forward it.

    Each proxy appends the address that it was called from, so the last one that is no proxy's
    counts. Of IPv6 it is the network of 64 bits, in which a client can choose its address.
    """
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    address = _address(request.META.get("REMOTE_ADDR", ""))
    while forwarded and _is_proxy(address):
        before = _address(forwarded.pop())
        if before is None:
            break
        address = before
    if isinstance(address, IPv6Address):
        address = IPv6Network((address, 64), strict=False).network_address
    return str(address) if address else None


def _address(text: str) -> Address | None:
    """Return the address, None for the empty one of a Unix socket or for another text."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_proxy(address: Address | None) -> bool:
    if address is None:  # a Unix socket, which only a proxy opens
        return bool(settings.TRUSTED_PROXIES)
    return any(address in network for network in settings.TRUSTED_PROXIES)
