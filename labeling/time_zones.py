"""Time zones of browsers: "today" is the day of the person who asks."""

from collections.abc import Mapping
from datetime import UTC, timedelta, timezone

COOKIE = "asterism_utc_offset"


def time_zone_of_browser(cookies: Mapping[str, str]) -> timezone:
    """Return the zone whose minutes ahead of UTC the pages' script has stored, or else UTC."""
    try:
        return timezone(timedelta(minutes=int(cookies[COOKIE])))
    except (KeyError, ValueError, OverflowError):
        return UTC
