"""labeling.rules.decision_tree: every path ends in a class, and two paths branch."""

import pytest

from classifier.core.classes import MorphologicalClass
from labeling.classes import Reason
from labeling.rules.decision_tree import TREE, branch_point, classify_answers


def path(text):
    """Parse "source=yes peaks=one" as answers."""
    steps = (step.split("=") for step in text.split())
    return [{"question": question, "answer": answer} for question, answer in steps]


def paths(question=TREE[0]):
    """Yield every path from a question to a class."""
    questions = {question.name: question for question in TREE}
    for choice in question.choices:
        step = {"question": question.name, "answer": choice.name}
        if choice.label is not None:
            yield [step]
        else:
            yield from ([step, *steps] for steps in paths(questions[choice.leads_to]))


def test_every_class_and_only_classes_are_reached():
    outcomes = {classify_answers(answers) for answers in paths()}
    assert {label for label, _ in outcomes} == set(MorphologicalClass)
    not_cluster = MorphologicalClass.NOT_CLUSTER
    assert all(bool(reason) == (label == not_cluster) for label, reason in outcomes)


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ("source=yes peaks=one resolved=yes round=yes", (1, "")),
        ("source=yes peaks=one resolved=yes round=no", (2, "")),
        ("source=yes peaks=several together=yes", (3, "")),
        ("source=yes peaks=one resolved=no", (4, Reason.STAR)),
        ("source=galaxy", (4, Reason.GALAXY)),
    ],
)
def test_a_path_ends_in_its_class(answers, outcome):
    assert classify_answers(path(answers)) == outcome


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ("source=yes peaks=one", "'resolved' is not answered"),
        ("peaks=one", "answer 1 is to 'peaks', not 'source'"),
        ("source=maybe", "no answer 'maybe'"),
        ("source=galaxy peaks=one", "after the last question"),
        ("", "'source' is not answered"),
    ],
)
def test_an_invalid_path_is_rejected(answers, message):
    with pytest.raises(ValueError, match=message):
        classify_answers(path(answers))


def test_two_paths_branch_at_the_first_different_answer():
    first = path("source=yes peaks=one resolved=yes round=yes")
    assert branch_point(first, path("source=yes peaks=several together=yes")) == "peaks"
    assert branch_point(first, path("source=yes peaks=one resolved=yes round=no")) == "round"
    assert branch_point(first, first) is None
