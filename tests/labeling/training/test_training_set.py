"""labeling.training.training_set: what a network sees is what a scientist can download."""

import csv
from hashlib import sha256

import pytest

from classifier.core.classes import VOTE_COLUMNS
from classifier.core.control_sample import in_control_sample
from classifier.core.training_set import (
    COLUMNS,
    UNLABELLED,
    Manifest,
)
from labeling.evaluation.control_labels import control_labels
from labeling.models import Candidate, ReferenceLabel
from labeling.rules.conflicts import TooFewClasses
from labeling.training.label_source import LabelSource
from labeling.training.training_set import all_label_sources, take_snapshot
from tests.labeling.world import make_field, settle, vote


@pytest.fixture
def voted(field, ada, bea, cy):
    """Candidates 1 to 3 settled as 1, 2, 4; 4 is a tie; 5 has one vote; all in the pool but 3."""
    everyone = [ada, bea, cy]
    field.candidates.update(control=False)
    field.candidates.filter(catalogue_id="3").update(control=True)
    for candidate, label in zip(field.candidates.all(), [1, 2, 4], strict=False):
        settle(candidate, everyone, label)
    tied, begun = field.candidates.all()[3:5]
    for label, expert in enumerate(everyone, 1):
        vote(tied, expert, label)
    vote(begun, ada, 1)
    return field


def snapshot_of(fields, source):
    """A snapshot of the labels of the source of this name."""
    return take_snapshot(fields, LabelSource(source))


def written(path, *args):
    """The frozen set, and its rows by catalogue id."""
    frozen = snapshot_of(*args)
    frozen.write(path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert frozen.sha256 == sha256(path.read_bytes()).hexdigest()
    return frozen, {row["catalogue_id"]: row for row in rows}


def test_it_has_every_candidate_with_stamps_and_the_settled_labels(voted, tmp_path):
    frozen, rows = written(tmp_path / "set.csv", [voted], "votes")
    assert {n: row["label"] for n, row in rows.items()} == {
        "1": "1", "2": "2", "3": "4", "4": "", "5": "", "6": "",
    }  # fmt: skip
    assert frozen.label_counts == {"train": {"1": 1, "2": 1}, "control": {"4": 1}}


def test_its_columns_are_those_of_the_contract(voted, tmp_path):
    _, rows = written(tmp_path / "set.csv", [voted], "votes")
    row, candidate = rows["2"], voted.candidates.get(catalogue_id="2")
    assert tuple(row) == COLUMNS + VOTE_COLUMNS
    assert COLUMNS == ("candidate", "field", "catalogue_id", "pack", "row", "split", "label")
    assert row == {
        "candidate": str(candidate.pk),
        "field": "ngc1",
        "catalogue_id": "2",
        "pack": "none",
        "row": "1",
        "split": "train",
        "label": "2",
        "n_class1": "0",
        "n_class2": "3",
        "n_class3": "0",
        "n_class4": "0",
    }


def test_the_split_is_the_sample_of_the_candidate(imported, tmp_path):
    ReferenceLabel.objects.update(source="people")
    _, rows = written(tmp_path / "set.csv", [imported], "people")
    for text, row in rows.items():
        split = "control" if in_control_sample("ngc1566", text) else "train"
        assert row["split"] == split


def test_a_reference_takes_the_place_of_votes(voted, tmp_path):
    for candidate, label in zip(voted.candidates.all(), [4, 3], strict=False):
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=label)
    _, rows = written(tmp_path / "set.csv", [voted], "LEGUS")
    assert [row["label"] for row in rows.values()] == ["4", "3", "", "", "", ""]


def test_an_experts_own_live_votes_are_labels(voted, ada, tmp_path):
    changed, undone, unsure = (voted.candidates.get(catalogue_id=n) for n in "256")
    vote(changed, ada, 3)
    undone.votes.live().get(voter=ada).retract()
    vote(unsure, ada, 5)
    frozen, rows = written(tmp_path / "set.csv", [voted], "expert:ada")
    assert {n: row["label"] for n, row in rows.items()} == {
        "1": "1", "2": "3", "3": "4", "4": "1", "5": "", "6": "",
    }  # fmt: skip
    assert rows["2"]["n_class2"] == ""
    assert frozen.label_counts == {"train": {"1": 2, "3": 1}, "control": {"4": 1}}


def test_all_label_sources_are_listed(voted, cur):
    ReferenceLabel.objects.create(candidate=voted.candidates.first(), source="LEGUS", label=4)
    assert [str(source) for source in all_label_sources()] == [
        "votes",
        "LEGUS",
        "expert:ada",
        "expert:bea",
        "expert:cy",
    ]


@pytest.mark.parametrize("source", ["votes", "LEGUS", "expert:ada"])
def test_it_counts_the_labels_to_train_on_before_it_is_written(voted, source):
    for candidate, label in zip(voted.candidates.all(), [4, 3, 2, 2], strict=False):
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=label)
    frozen = snapshot_of([voted], source)
    pool = voted.candidates.filter(control=False)
    assert pool.labelled_by(LabelSource(source)).count() == frozen.labels("train").total() > 1


@pytest.mark.parametrize("source", ["votes", "LEGUS", "expert:ada"])
def test_it_lists_the_fields_with_control_labels(voted, source):
    ReferenceLabel.objects.create(candidate=voted.candidates.first(), source="LEGUS", label=4)
    for candidate, label in zip(voted.candidates.all()[1:], [1, 2, 3], strict=False):
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=label)
    fields = [voted, make_field("ngc2")]
    snapshot = snapshot_of(fields, source)
    measured = {
        field.name for field in fields if control_labels([field], LabelSource(source)).labels
    }
    assert set(snapshot.measured_fields) == measured


def test_it_counts_labels_field_by_field(voted):
    other = make_field("ngc2", candidates=3)
    for candidate in other.candidates.all():
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=4)
    ReferenceLabel.objects.create(candidate=voted.candidates.first(), source="LEGUS", label=1)
    other.candidates.update(control=False)
    other.candidates.filter(pk=other.candidates.first().pk).update(control=True)
    frozen = snapshot_of([voted, other], "LEGUS")
    assert frozen.measured_fields == ["ngc2"]
    assert frozen.labels("train", without="ngc1") == {"4": 2}


def test_a_ruling_is_a_label(voted, cur, tmp_path):
    voted.candidates.get(catalogue_id="4").adjudicate(cur, 3, "two peaks")
    _, rows = written(tmp_path / "set.csv", [voted], "votes")
    assert rows["4"]["label"] == "3"


def test_candidates_set_aside_are_left_out(voted, tmp_path):
    Candidate.objects.filter(catalogue_id="6").update(set_aside="outside", pack_row=None)
    _, rows = written(tmp_path / "set.csv", [voted], "votes")
    assert "6" not in rows


def test_it_has_the_requested_fields_only(voted, tmp_path):
    other = make_field("ngc2", candidates=2)
    _, rows = written(tmp_path / "one.csv", [voted], "votes")
    assert {row["field"] for row in rows.values()} == {"ngc1"}
    with pytest.raises(TooFewClasses):
        snapshot_of([other], "votes")


def test_the_same_labels_give_the_same_bytes(voted):
    one, two = (snapshot_of([voted], "votes").content for _ in range(2))
    assert one == two


def test_another_label_gives_another_fingerprint(voted, ada, bea):
    before = snapshot_of([voted], "votes").sha256
    settle(voted.candidates.first(), [ada, bea], 3)
    assert snapshot_of([voted], "votes").sha256 != before


def test_the_error_for_too_few_labels_says_what_to_do(field, ada, bea, cy):
    field.candidates.update(control=False)
    settle(field.candidates.first(), [ada, bea, cy], 2)
    with pytest.raises(TooFewClasses, match="gives only class 2 there: settle more candidates"):
        snapshot_of([field], "votes")


def test_the_classifier_reads_it(voted, tmp_path):
    snapshot, rows = written(tmp_path / "set.csv", [voted], "votes")
    manifest = Manifest.read(tmp_path / "set.csv", tmp_path)
    assert manifest.sha256 == snapshot.sha256
    assert manifest.candidate.tolist() == [int(row["candidate"]) for row in rows.values()]
    assert manifest.label.tolist() == [int(row["label"] or UNLABELLED) for row in rows.values()]
    assert manifest.labels("control") == {int(rows["3"]["candidate"]): 4}
