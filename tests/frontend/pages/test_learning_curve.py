"""The learning curve of the progress page, and the gain expected from more votes."""

from math import log

import pytest

from frontend.pages.learning_curve import MORE_VOTES, learning_curve_of
from labeling.models import TrainingRun
from tests.labeling.world import make_field, make_run, only_sample, settle

COUNTS = (50, 100, 200)


def evaluated_run(fields, by, count, right):
    """A run trained on `count` labels of the fields, with `right` of 400 answers right."""
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
    for labelled, count in ((field, 1), (other, 3)):
        only_sample(labelled, control=False)
        for candidate in labelled.candidates.all()[:count]:
            settle(candidate, [people[name] for name in ("ada", "bea", "cy")])
    return [field, other]


def test_the_gain_counts_labels_of_all_fields_of_the_runs(both, people):
    for count in COUNTS:
        evaluated_run(both, people["admin"], count, 160 + 40 * log(count / 50))
    # Four labels from twelve votes, wherever they were cast: 100 more are a third of that.
    gain = 100 * 0.1 * log((4 + MORE_VOTES / 3) / 4)
    for field in both:
        sentence = learning_curve_of(field).sentence
        assert sentence.startswith("Another 100 votes, about 33 labels, would change the accuracy")
        assert f"by {gain:+.1f} ± " in sentence


def test_runs_in_other_fields_are_on_another_curve(both, people):
    for count in COUNTS:
        evaluated_run(both, people["admin"], count, 200)
    alone = evaluated_run(both[:1], people["admin"], 25, 100)
    curve = learning_curve_of(both[0])
    assert [dot.title.split(":")[0] for dot in curve.dots] == [f"run {alone.pk}"]
    assert "can be estimated after 3 runs" in curve.sentence
    assert len(learning_curve_of(both[1]).dots) == len(COUNTS)


def test_a_field_without_an_evaluated_run_has_no_curve(field, people):
    assert learning_curve_of(field) is None
    make_run(field, people["admin"])
    assert learning_curve_of(field) is None
    assert TrainingRun.objects.exists()
