"""classifier.core.published: the figures are those of the paper."""

import json

import pytest

from classifier.core.published import (
    CLASS_AGREEMENT,
    COMPACT_AGREEMENT,
    PAIRS,
    SAME_EXPERT,
    SOURCE,
)
from tests.labeling.real import DATA

PAPER = DATA.parent / "reference" / "wei2020.json"
pytestmark = pytest.mark.skipif(not PAPER.exists(), reason="the paper's figures are not installed")


@pytest.fixture
def paper():
    return json.loads(PAPER.read_text())


def test_its_source_is_the_paper(paper):
    assert paper["source"].startswith(SOURCE.partition(",")[0])


def test_its_ranges_are_those_of_the_paper(paper):
    percent = paper["human_consistency_pct"].items()
    assert {int(label): (low / 100, high / 100) for label, (low, high) in percent} == (
        CLASS_AGREEMENT
    )


def test_its_pairs_are_those_of_the_paper(paper):
    for pair, (name, percent) in zip(PAIRS, paper["pair_agreement_pct"].items(), strict=True):
        assert pair.name.replace(" ", "").split(",")[0] == name.split(",")[0]
        shares = {**dict(zip("1234", pair.per_class, strict=True)), "1+2": pair.compact}
        published = {label: share for label, share in shares.items() if share is not None}
        assert published == {label: value / 100 for label, value in percent.items()}


def test_its_range_of_compact_clusters_spans_the_pairs(paper):
    compact = [percent["1+2"] / 100 for percent in paper["pair_agreement_pct"].values()]
    assert (min(compact), max(compact)) == COMPACT_AGREEMENT


def test_the_expert_who_classified_twice_is_that_of_ngc_3351(paper):
    (name,) = [name for name in paper["pair_agreement_pct"] if "same expert" in name]
    assert name.split(",")[0] == SAME_EXPERT.name.replace(" ", "").split(",")[0]
