"""The stop advice of the progress page: by the labels of all fields of the runs."""

from math import log

import pytest

from frontend.pages.learning_curve import VOTES_MORE, learning_of
from labeling.models import TrainingRun
from tests.labeling.world import make_field, make_run, only_sample, settle

COUNTS = (50, 100, 200)


def measured(fields, by, count, right):
    """A run that was trained on so many labels of the fields, with so many right answers of 400."""
    run = make_run(fields[0], by)
    run.fields.set(fields)
    run.label_counts = {"train": {"1": count}, "control": {}}
    run.outcome = {"evaluation": {"accuracy": {"right": right, "of": 400}}}
    run.save()
    return run


@pytest.fixture
def both(field, people):
    """Two fields, of which the second has three times as many labels."""
    other = make_field("ngc2", 6)
    for one, count in ((field, 1), (other, 3)):
        only_sample(one, control=False)
        for candidate in one.candidates.all()[:count]:
            settle(candidate, [people[name] for name in ("ada", "bea", "cy")])
    return [field, other]


def test_it_counts_the_labels_of_all_fields_of_the_runs(both, people):
    for count in COUNTS:
        measured(both, people["admin"], count, 160 + 40 * log(count / 50))
    # Four labels from twelve votes, wherever they were cast: 100 more are a third of that.
    gain = 100 * 0.1 * log((4 + VOTES_MORE / 3) / 4)
    for field in both:
        said = learning_of(field).sentence
        assert said.startswith("Another 100 votes, about 33 labels, would change the accuracy")
        assert f"by {gain:+.1f} ± " in said


def test_runs_in_other_fields_are_another_curve(both, people):
    for count in COUNTS:
        measured(both, people["admin"], count, 200)
    alone = measured(both[:1], people["admin"], 25, 100)
    found = learning_of(both[0])
    assert [dot.title.split(":")[0] for dot in found.dots] == [f"run {alone.pk}"]
    assert "can be said after 3 runs" in found.sentence
    assert len(learning_of(both[1]).dots) == len(COUNTS)


def test_a_field_without_a_measured_run_has_no_curve(field, people):
    assert learning_of(field) is None
    make_run(field, people["admin"])
    assert learning_of(field) is None
    assert TrainingRun.objects.exists()
