"""classifier.core.published: the figures are those of the paper."""

import json

import pytest

from classifier.core.published import (
    CLASS_AGREEMENT,
    COMPACT_AGREEMENT,
    CONSENSUS_RECALL,
    CONSENSUS_RECALL_OF_NEW_SKY,
    EXPERT_RECALL,
    EXPERT_RECALL_OF_NEW_SKY,
    PAIRS,
    SAME_EXPERT,
    SOURCE,
    published_recall,
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


@pytest.mark.parametrize(
    ("figure", "recalls"),
    [
        ("figure3_consensus", CONSENSUS_RECALL),
        ("figure4_ngc1559_consensus", CONSENSUS_RECALL_OF_NEW_SKY),
    ],
)
def test_its_recalls_by_consensus_labels_are_those_of_the_figures(paper, figure, recalls):
    for backbone, published in recalls.items():
        percent = paper[figure][backbone]
        assert published.recall == tuple(percent[label] / 100 for label in "1234")
        assert published.where.partition(",")[0] in paper[figure]["source"]


@pytest.mark.parametrize("backbone", ["resnet18", "vgg19_bn"])
@pytest.mark.parametrize("recalls", [EXPERT_RECALL, EXPERT_RECALL_OF_NEW_SKY])
def test_its_recalls_by_one_experts_labels_are_those_of_the_tables(paper, backbone, recalls):
    published = recalls[backbone]
    number = published.where.removeprefix("table ")[0]
    tables = paper["confusion_pct_mean_std_rows_are_truth"]
    (rows,) = [rows for name, rows in tables.items() if name.startswith(f"table{number}_")]
    cells = [rows[label][int(label) - 1] for label in "1234"]
    assert published.recall == pytest.approx([mean / 100 for mean, _ in cells])
    assert published.std == pytest.approx([std / 100 for _, std in cells])


def test_a_run_is_compared_with_networks_of_its_kind_of_labels():
    assert published_recall("vgg19_bn", one_expert=True).where == "table 5, VGG19-BN"
    consensus = published_recall("efficientnet_lite0", one_expert=False)
    assert consensus.where == "figure 3, lower row, ResNet18"
    expert = published_recall("vgg19_bn", one_expert=True, new_sky=True)
    assert expert.where == "table 7, VGG19-BN, NGC 1559"
    assert published_recall("resnet18", one_expert=False, new_sky=True).recall[3] == 0.62
