"""The decision tree: the class definitions as questions, as in Galaxy Zoo.

An expert may answer them instead of naming a class. The answers of two experts show the question
at which they branch.

Source   Definitions of Wei et al. 2020, section 2, after Adamo et al. 2017; method of Willett
         et al. 2013, MNRAS 435, 2835.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifier.core.classes import MorphologicalClass
from labeling.classes import Reason


@dataclass(frozen=True)
class Choice:
    """One answer: it leads to another question, or to a class, with a reason for class 4."""

    name: str
    text: str
    leads_to: str = ""
    label: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Question:
    """A question and its possible answers."""

    name: str
    text: str
    choices: tuple[Choice, ...]


_NOT = MorphologicalClass.NOT_CLUSTER
TREE = (
    Question(
        "source",
        "Is it a source of this galaxy?",
        (
            Choice("yes", "yes, or likely", leads_to="peaks"),
            Choice("galaxy", "a background galaxy", label=_NOT, reason=Reason.GALAXY),
            Choice("spike", "a diffraction spike or ghost", label=_NOT, reason=Reason.SPIKE),
            Choice("artefact", "an artefact, in one filter", label=_NOT, reason=Reason.ARTEFACT),
        ),
    ),
    Question(
        "peaks",
        "How many peaks does it have?",
        (
            Choice("one", "one", leads_to="resolved"),
            Choice("several", "several", leads_to="together"),
        ),
    ),
    Question(
        "resolved",
        "Is it wider than the stars of the field?",
        (
            Choice("yes", "wider", leads_to="round"),
            Choice("no", "as narrow as a star", label=_NOT, reason=Reason.STAR),
        ),
    ),
    Question(
        "round",
        "Is it round and symmetric?",
        (
            Choice("yes", "round", label=MorphologicalClass.SYMMETRIC),
            Choice("no", "elongated or lopsided", label=MorphologicalClass.ASYMMETRIC),
        ),
    ),
    Question(
        "together",
        "Do the peaks belong together?",
        (
            Choice("yes", "one group, or on common light", label=MorphologicalClass.ASSOCIATION),
            Choice("no", "a pair or a crowd of stars", label=_NOT, reason=Reason.PAIR),
        ),
    ),
)
"""The questions; the first one is the root of the tree."""

_BY_NAME = {question.name: question for question in TREE}

Answers = Sequence[Mapping[str, str]]
"""A path through the tree: the names of `question` and `answer`, in the order of answering."""


def classify_answers(answers: Answers) -> tuple[int, str]:
    """Return class and reason at the end of a path. Raises ValueError for an invalid path."""
    question: Question | None = TREE[0]
    for number, answer in enumerate(answers, 1):
        if question is None:
            raise ValueError(f"answer {number} comes after the last question.")
        if answer["question"] != question.name:
            raise ValueError(
                f"answer {number} is to {answer['question']!r}, not {question.name!r}."
            )
        choice = next((c for c in question.choices if c.name == answer["answer"]), None)
        if choice is None:
            raise ValueError(f"{question.name!r} has no answer {answer['answer']!r}.")
        if choice.label is not None:
            label, reason, question = choice.label, choice.reason, None
        else:
            question = _BY_NAME[choice.leads_to]
    if question is not None:
        raise ValueError(f"the question {question.name!r} is not answered.")
    return label, reason


def branch_point(first: Answers, second: Answers) -> str | None:
    """Return the name of the first question with different answers; None if there is none."""
    for first_answer, second_answer in zip(first, second, strict=False):
        if first_answer["answer"] != second_answer["answer"]:
            return first_answer["question"]
    return None
