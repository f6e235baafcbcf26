"""The table of mutations is up to date; `python -m tests.mutations` tries them."""

import re

import pytest

from tests.mutations import read_mutations
from tests.services.site import ROOT

MUTATIONS = read_mutations()


def promises():
    """Return the first column of the table of promises."""
    text = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    return re.findall(r"^\| ([A-Z][^|]+?) \|", text, re.MULTILINE)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.file}-{m.promise[:20]}")
def test_its_line_is_in_the_product_and_its_test_exists(mutation):
    assert (ROOT / mutation.file).read_text(encoding="utf-8").count(mutation.old) == 1
    path, _, name = mutation.test.partition("::")
    assert (ROOT / path).exists()
    assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_promise_has_a_mutation():
    assert {mutation.promise for mutation in MUTATIONS} == set(promises())
