"""GET and POST /api/v1/adjudications/, DELETE /api/v1/adjudications/{id}/"""

from http import HTTPStatus

import pytest

from labeling.models import Adjudication
from tests.labeling.world import API, make_field, problem, settle

RULINGS = f"{API}/adjudications/"


def test_a_curator_adjudicates(as_cur, cur, candidate):
    body = {"candidate": candidate.pk, "label": 3, "reason": "two peaks"}
    response = as_cur.post(RULINGS, body)
    assert response.status_code == HTTPStatus.CREATED
    assert (response.json()["label"], response.json()["status"]) == (3, "adjudicated")
    ruling = Adjudication.objects.get()
    assert (ruling.curator, ruling.reason) == (cur, "two peaks")


@pytest.mark.parametrize(
    "change", [{"label": 5}, {"label": None}, {"reason": ""}, {"candidate": 0}]
)
def test_it_rejects_a_ruling_without_class_reason_or_candidate(as_cur, candidate, change):
    body = {"candidate": candidate.pk, "label": 3, "reason": "two peaks"} | change
    problem(as_cur.post(RULINGS, body), HTTPStatus.BAD_REQUEST)
    assert not Adjudication.objects.exists()


@pytest.fixture
def corrected(candidate, cur, admin):
    """A ruling and its correction."""
    return candidate.adjudicate(cur, 1, "compact"), candidate.adjudicate(admin, 4, "a star")


def test_the_list_has_who_when_why_and_what_became_of_it(as_cur, candidate, corrected, cur):
    first, second = corrected
    second.withdraw(cur)
    second.refresh_from_db()
    latest, earlier = as_cur.get(RULINGS).json()["results"]
    assert latest == {
        "id": second.pk,
        "candidate": candidate.pk,
        "field": "ngc1",
        "catalogue_id": "1",
        "curator": "admin",
        "label": 4,
        "reason": "a star",
        "decided_at": second.decided_at.isoformat().replace("+00:00", "Z"),
        "corrected_at": None,
        "corrected_by": None,
        "withdrawn_at": second.withdrawn_at.isoformat().replace("+00:00", "Z"),
        "withdrawn_by": "cur",
    }
    assert (earlier["id"], earlier["corrected_by"], earlier["withdrawn_by"]) == (
        first.pk,
        "admin",
        None,
    )
    assert earlier["corrected_at"] == latest["decided_at"]


def test_the_list_is_of_one_field_and_disclosed(as_cur, cur, admin, candidate):
    other = make_field("ngc2").candidates.first()
    for row in (candidate, other):
        row.adjudicate(admin, 1, "compact")
    (ruling,) = as_cur.get(RULINGS, {"field": "ngc2"}).json()["results"]
    assert ruling["field"] == "ngc2"
    assert list(cur.disclosures.values_list("candidate", flat=True)) == [other.pk]


def test_a_curator_withdraws_a_ruling(as_cur, candidate, ada, bea, cy, cur):
    settle(candidate, [ada, bea, cy], 2)
    ruling = candidate.adjudicate(cur, 1, "compact")
    for _ in range(2):
        answer = as_cur.delete(f"{RULINGS}{ruling.pk}/")
        assert answer.status_code == HTTPStatus.NO_CONTENT
    candidate.refresh_from_db()
    assert (candidate.consensus.label, candidate.consensus.status) == (2, "agreed")
    row = as_cur.get(f"{API}/export/consensus.csv").content.decode().splitlines()[1]
    assert ",2,2.0,agreed,3," in row


def test_it_does_not_withdraw_what_somebody_has_corrected(as_cur, candidate, corrected):
    first, _ = corrected
    reason = problem(as_cur.delete(f"{RULINGS}{first.pk}/"), HTTPStatus.CONFLICT)
    assert "corrected by admin" in reason["detail"]
    assert candidate.adjudications.filter(withdrawn_at=None).count() == 2
