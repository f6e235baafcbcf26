"""docs/glossary.md has every model and every value that pages and files show, once."""

import re
from collections import Counter

import django
import pytest

django.setup()

from django.apps import apps  # noqa: E402

from classifier.core.config import Preset  # noqa: E402
from classifier.core.experiment_kinds import ExperimentKind  # noqa: E402
from labeling.auth.roles import Role  # noqa: E402
from labeling.classes import Certainty, Label, Reason  # noqa: E402
from labeling.models import RunStatus, Sample, Theme  # noqa: E402
from labeling.rules.consensus import ConsensusProvenance, ConsensusStatus  # noqa: E402
from labeling.rules.strategies import ColdStart, Strategy  # noqa: E402
from tests.services.site import ROOT  # noqa: E402

TEXT = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
ENTRIES = re.split(r"\n\n(?=\*\*)", TEXT.rstrip())[1:]
TERMS = [re.match(r"\*\*(.+?)\*\*: ", entry)[1] for entry in ENTRIES]
WITH_A_TERM_EACH = (
    RunStatus,
    ConsensusStatus,
    Strategy,
    ColdStart,
    Certainty,
    Reason,
    Role,
    Theme,
)
NAMED_IN_AN_ENTRY = (Sample, ConsensusProvenance)


def test_no_term_stands_twice():
    assert [term for term, count in Counter(map(str.casefold, TERMS)).items() if count > 1] == []


def test_terms_are_in_alphabetical_order():
    keys = [term.casefold().replace("κ", "kappa") for term in TERMS]
    assert keys == sorted(keys)


def test_every_entry_is_a_sentence_or_a_few():
    long = [term for term, entry in zip(TERMS, ENTRIES, strict=True) if len(entry) > 420]
    assert long == []
    assert all(entry.endswith(".") for entry in ENTRIES)


@pytest.mark.parametrize("model", [*apps.get_app_config("labeling").get_models()])
def test_every_model_is_in_it(model):
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).casefold()
    assert words in map(str.casefold, TERMS)


@pytest.mark.parametrize("choices", WITH_A_TERM_EACH, ids=lambda choices: choices.__name__)
def test_every_value_has_a_term(choices):
    assert [value for value in choices.values if value not in TERMS] == []


def test_every_label_has_a_term():
    assert [label for label in Label.labels if label not in TERMS] == []


@pytest.mark.parametrize("choices", NAMED_IN_AN_ENTRY, ids=lambda choices: choices.__name__)
def test_every_other_value_is_named(choices):
    text = " ".join(TEXT.split())
    numbered = choices is ConsensusProvenance
    names = choices.labels if numbered else choices.values
    assert [name for name in names if str(name) not in text] == []


@pytest.mark.parametrize("values", [ExperimentKind, Preset], ids=lambda values: values.__name__)
def test_every_kind_and_preset_is_named(values):
    assert [value for value in values if value not in " ".join(TEXT.split())] == []
