"""labeling.agreement.published: the figures typed there are those of the paper."""

import json

import pytest

from labeling.agreement.published import COMPACT_RANGE, PAIRS, RANGES, SAME_EXPERT, SOURCE
from tests.labeling.real import DATA

PAPER = DATA.parent / "reference" / "wei2020.json"
pytestmark = pytest.mark.skipif(not PAPER.exists(), reason="the paper's figures are not here")


@pytest.fixture
def paper():
    return json.loads(PAPER.read_text())


def test_its_source_is_the_paper(paper):
    assert paper["source"].startswith(SOURCE.partition(",")[0])


def test_its_ranges_are_the_papers(paper):
    percent = paper["human_consistency_pct"].items()
    assert {int(label): (low / 100, high / 100) for label, (low, high) in percent} == RANGES


def test_its_pairs_are_the_papers(paper):
    for pair, (what, percent) in zip(PAIRS, paper["pair_agreement_pct"].items(), strict=True):
        assert pair.what.replace(" ", "").split(",")[0] == what.split(",")[0]
        shares = {**dict(zip("1234", pair.per_class, strict=True)), "1+2": pair.compact}
        known = {name: share for name, share in shares.items() if share is not None}
        assert known == {name: value / 100 for name, value in percent.items()}


def test_its_range_of_compact_clusters_spans_the_pairs(paper):
    compact = [percent["1+2"] / 100 for percent in paper["pair_agreement_pct"].values()]
    assert (min(compact), max(compact)) == COMPACT_RANGE


def test_the_expert_who_looked_again_is_that_of_ngc_3351(paper):
    (again,) = [what for what in paper["pair_agreement_pct"] if "same expert" in what]
    assert again.split(",")[0] == SAME_EXPERT.what.replace(" ", "").split(",")[0]
