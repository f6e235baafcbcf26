"""Candidates of an import that is not finished exist for nobody."""

import pytest

from frontend.pages.overview import fields_with_counts
from labeling.export.rows import catalogue_rows
from labeling.models import Candidate, ReferenceLabel
from labeling.models.catalogue_import import CatalogueImport
from tests.labeling.world import answer_of, lease_next, put_vote, vote


@pytest.fixture
def hidden(field):
    """The six candidates of the field, whose import is being written."""
    candidates = list(field.candidates.all())
    ReferenceLabel.objects.create(candidate=candidates[0], source="people", label=1)
    field.imports.update(finished_at=None)
    return candidates


def test_they_are_in_no_query(field, hidden):
    assert not Candidate.objects.exists()
    assert not field.candidates.exists()
    assert not ReferenceLabel.objects.exists()
    assert not list(catalogue_rows(Candidate.objects.all()))
    assert Candidate.with_unfinished.count() == 6


def test_they_are_counted_nowhere(field, hidden):
    (row,) = fields_with_counts()
    assert (row.n_candidates, row.n_set_aside, row.n_control) == (0, 0, 0)


def test_the_queue_does_not_serve_them(field, hidden, ada):
    assert lease_next(field, ada, 6) == []


def test_they_take_no_votes(hidden, ada, as_ada):
    with pytest.raises(Candidate.DoesNotExist):
        vote(hidden[0], ada)
    assert put_vote(as_ada, answer_of(hidden[0])).status_code in {400, 404}
    assert as_ada.get(f"/api/v1/candidates/{hidden[0].pk}/").status_code == 404


def test_they_appear_all_at_once(field, hidden, ada):
    CatalogueImport.objects.unfinished().update(finished_at=field.created_at)
    assert Candidate.objects.count() == 6
    assert len(lease_next(field, ada, 6)) == 6
    assert vote(hidden[0], ada)
