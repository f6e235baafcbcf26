"""Access to the state of the server: its metrics, and the reasons why it is not ready."""

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

FORWARDING_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


def may_monitor(request: HttpRequest) -> bool:
    """True for the bearer of METRICS_TOKEN, and for this machine where no proxy is configured."""
    if settings.METRICS_TOKEN:
        header = request.headers.get("Authorization", "")
        return constant_time_compare(header, f"Bearer {settings.METRICS_TOKEN}")
    # Behind a proxy, everybody comes from the proxy's address.
    forwarded = any(name in request.headers for name in FORWARDING_HEADERS)
    return not settings.BEHIND_PROXY and not forwarded and _is_loopback(request)


def _is_loopback(request: HttpRequest) -> bool:
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback
