"""The filter of the classify page, and the body for `POST queue/` that it gives."""

import json
import re

import pytest


def body_for_queue(page):
    """The filter that the page gives to its script."""
    return json.loads(
        re.search(r'id="queue-filter" type="application/json">(.*?)</script>', page)[1]
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"unfinished": False}),
        ("?field=ngc1", {"field": "ngc1", "unfinished": False}),
        ("?mag_min=20.5&mag_max=23", {"mag_min": 20.5, "mag_max": 23.0, "unfinished": False}),
        ("?unfinished=on", {"unfinished": True}),
    ],
)
def test_the_filter_is_sent_in_the_request_body(browse, field, query, expected):
    assert body_for_queue(browse("ada").get(f"/classify/{query}").content.decode()) == expected


@pytest.mark.parametrize("query", ["?mag_min=25&mag_max=20", "?mag_min=bright", "?field=nowhere"])
def test_an_invalid_filter_is_reported_and_ignored(browse, field, query):
    page = browse("ada").get(f"/classify/{query}").content.decode()
    assert "The filter is not valid and was ignored" in page
    assert body_for_queue(page) == {}
