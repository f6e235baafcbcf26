"""The time zone of a browser, and the votes of its day."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.utils import timezone as clock

from labeling.models import Vote
from labeling.time_zones import COOKIE, time_zone_of_browser
from tests.labeling.world import vote

LOS_ANGELES = timezone(timedelta(hours=-8))
TOKYO = timezone(timedelta(hours=9))
AT_1530_IN_LOS_ANGELES = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)


def test_the_cookie_has_the_minutes_ahead_of_utc():
    assert time_zone_of_browser({COOKIE: "-480"}) == LOS_ANGELES
    assert time_zone_of_browser({COOKIE: "345"}) == timezone(timedelta(hours=5, minutes=45))


@pytest.mark.parametrize("text", ["", "Asia/Tokyo", "NaN", "1440", "9" * 30, "9" * 5000, "a\0"])
def test_anything_else_is_utc(text):
    assert time_zone_of_browser({COOKIE: text}) is UTC


def test_without_a_cookie_it_is_utc():
    assert time_zone_of_browser({}) is UTC


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        (LOS_ANGELES, datetime(2026, 11, 29, 23, 59, tzinfo=UTC), 1),
        (LOS_ANGELES, datetime(2026, 11, 30, 0, 1, tzinfo=UTC), 1),
        (LOS_ANGELES, datetime(2026, 11, 30, 7, 59, tzinfo=UTC), 1),
        (LOS_ANGELES, datetime(2026, 11, 30, 8, 1, tzinfo=UTC), 0),
        (TOKYO, datetime(2026, 11, 30, 0, 1, tzinfo=UTC), 1),
        (TOKYO, datetime(2026, 11, 30, 15, 1, tzinfo=UTC), 0),
        (UTC, datetime(2026, 11, 29, 23, 59, tzinfo=UTC), 1),
        (UTC, datetime(2026, 11, 30, 0, 1, tzinfo=UTC), 0),
    ],
)
def test_today_ends_at_midnight_of_the_zone(candidate, ada, monkeypatch, zone, now, expected):
    vote(candidate, ada)
    Vote.objects.update(cast_at=AT_1530_IN_LOS_ANGELES)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert Vote.objects.today(zone).count() == expected
