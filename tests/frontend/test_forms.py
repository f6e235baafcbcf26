"""The filter of the classify page says to the queue what the expert asked for."""

import json
import re

import pytest


def wish(page):
    """What the page's script is told to ask for."""
    return json.loads(re.search(r'id="wish" type="application/json">(.*?)</script>', page)[1])


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", {"unfinished": False}),
        ("?field=ngc1", {"field": "ngc1", "unfinished": False}),
        ("?mag_min=20.5&mag_max=23", {"mag_min": 20.5, "mag_max": 23.0, "unfinished": False}),
        ("?unfinished=on", {"unfinished": True}),
    ],
)
def test_it_asks_for_what_was_chosen(browse, field, query, asked):
    assert wish(browse("ada").get(f"/classify/{query}").content.decode()) == asked


@pytest.mark.parametrize("query", ["?mag_min=25&mag_max=20", "?mag_min=bright", "?field=nowhere"])
def test_it_says_that_a_filter_makes_no_sense(browse, field, query):
    page = browse("ada").get(f"/classify/{query}").content.decode()
    assert "This filter was left out" in page
    assert wish(page) == {}
