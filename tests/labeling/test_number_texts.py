"""Numbers in sentences."""

import pytest

from labeling.number_texts import count_text, share_text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 rows are"), (1, "1 row is"), (2, "2 rows are"), (1234, "1234 rows are")],
)
def test_words_go_with_the_number(count, text):
    assert count_text(count, "row is", "rows are") == text


def test_most_nouns_get_an_s():
    assert [count_text(n, "vote") for n in (1, 2)] == ["1 vote", "2 votes"]


@pytest.mark.parametrize(
    ("share", "text"), [(1, "100 %"), (0.99999, "99.9 %"), (0.5, "50 %"), (0, "0 %")]
)
def test_only_the_whole_is_100_per_cent(share, text):
    assert share_text(share) == text
