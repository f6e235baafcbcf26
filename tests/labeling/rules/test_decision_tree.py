"""The class definitions as questions: every path ends in a class, and paths part somewhere."""

import pytest

from labeling.classes import MorphologicalClass, Reason
from labeling.rules.decision_tree import TREE, branch_point, classify_answers


def path(text):
    """ "source=yes peaks=one" as answers."""
    steps = (step.split("=") for step in text.split())
    return [{"question": question, "answer": answer} for question, answer in steps]


def paths(question=TREE[0]):
    """Every path from a question to its end."""
    following = {each.name: each for each in TREE}
    for choice in question.choices:
        step = {"question": question.name, "answer": choice.name}
        if choice.label is not None:
            yield [step]
        else:
            yield from ([step, *rest] for rest in paths(following[choice.leads_to]))


def test_every_class_and_only_classes_are_reached():
    ends = {classify_answers(answers) for answers in paths()}
    assert {label for label, _ in ends} == set(MorphologicalClass)
    assert all(bool(reason) == (label == MorphologicalClass.NOT_CLUSTER) for label, reason in ends)


@pytest.mark.parametrize(
    ("answers", "end"),
    [
        ("source=yes peaks=one resolved=yes round=yes", (1, "")),
        ("source=yes peaks=one resolved=yes round=no", (2, "")),
        ("source=yes peaks=several together=yes", (3, "")),
        ("source=yes peaks=one resolved=no", (4, Reason.STAR)),
        ("source=galaxy", (4, Reason.GALAXY)),
    ],
)
def test_a_path_ends_in_its_class(answers, end):
    assert classify_answers(path(answers)) == end


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ("source=yes peaks=one", "'resolved' is not answered"),
        ("peaks=one", "answer 1 is to 'peaks', not 'source'"),
        ("source=maybe", "no answer 'maybe'"),
        ("source=galaxy peaks=one", "after the last question"),
        ("", "'source' is not answered"),
    ],
)
def test_it_rejects_what_is_no_path(answers, complaint):
    with pytest.raises(ValueError, match=complaint):
        classify_answers(path(answers))


def test_two_paths_part_at_the_first_different_answer():
    one = path("source=yes peaks=one resolved=yes round=yes")
    assert branch_point(one, path("source=yes peaks=several together=yes")) == "peaks"
    assert branch_point(one, path("source=yes peaks=one resolved=yes round=no")) == "round"
    assert branch_point(one, one) is None
