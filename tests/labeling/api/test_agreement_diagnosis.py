"""GET /api/v1/agreement/diagnosis/posteriors.csv and matrices.csv"""

import csv
import io
from http import HTTPStatus

import pytest

from labeling.agreement import dawid_skene
from labeling.agreement.raters import read_raters
from labeling.classes import Label
from tests.labeling.world import API, make_field, problem, settle, vote

pytestmark = pytest.mark.beside("postgresql")

POSTERIORS = f"{API}/agreement/diagnosis/posteriors.csv"
MATRICES = f"{API}/agreement/diagnosis/matrices.csv"


@pytest.fixture
def voted(field, ada, bea, cy):
    """All agree on four candidates, and on the fifth ada stands alone; nobody saw the sixth."""
    pytest.importorskip("crowdkit")
    *agreed, fifth, _ = field.candidates.order_by("pk")
    for candidate, label in zip(agreed, (1, 2, 3, 4), strict=True):
        settle(candidate, (ada, bea, cy), label)
    for expert, label in ((ada, 4), (bea, 2), (cy, 2)):
        vote(fifth, expert, label)
    return field


def table(response):
    """The file's rows."""
    assert response.status_code == HTTPStatus.OK
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_each_candidate_has_its_probabilities_beside_the_consensus(as_cur, voted):
    rows = table(as_cur.get(POSTERIORS))
    assert [row["catalogue_id"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["class_consensus"] for row in rows] == ["1", "2", "3", "4", "2"]
    posteriors = read_raters().diagnosis().posteriors
    for row, candidate in zip(rows, voted.candidates.order_by("pk"), strict=False):
        found = [float(row[f"posterior_class{label}"]) for label in (1, 2, 3, 4)]
        assert found == list(posteriors[candidate.pk])
        assert int(row["class_model"]) == found.index(max(found)) + 1


def test_the_model_may_differ_and_does_not_change_the_consensus(as_cur, voted, cur):
    voted.candidates.order_by("pk").first().adjudicate(cur, 3, "several peaks")
    first, *_ = table(as_cur.get(POSTERIORS))
    assert (first["class_consensus"], first["class_model"]) == ("3", "1")


def test_an_unsure_vote_is_not_in_the_model(as_cur, voted, ada):
    vote(voted.candidates.order_by("pk").last(), ada, Label.UNSURE)
    assert len(table(as_cur.get(POSTERIORS))) == 5


def test_each_expert_has_four_rows_that_add_up(as_cur, voted):
    rows = table(as_cur.get(MATRICES))
    assert [(row["expert"], row["class_model"]) for row in rows] == [
        (name, label) for name in ("ada", "bea", "cy") for label in "1234"
    ]
    found = read_raters().diagnosis()
    given = [[float(row[f"given_class{n}"]) for n in (1, 2, 3, 4)] for row in rows]
    assert given[4:8] == [list(row) for row in found.matrices["bea"]]
    assert [sum(shares) for shares in given] == pytest.approx([1] * 12)
    assert [float(row["prior"]) for row in rows[:4]] == list(found.priors)


@pytest.mark.parametrize("url", [POSTERIORS, MATRICES])
def test_the_files_filter_by_field(as_cur, voted, url):
    make_field("ngc2")
    assert table(as_cur.get(url, {"field": "ngc2"})) == []
    assert table(as_cur.get(url, {"field": "ngc1"})) == table(as_cur.get(url))
    problem(as_cur.get(url, {"field": "nowhere"}), HTTPStatus.NOT_FOUND)


@pytest.mark.parametrize("url", [POSTERIORS, MATRICES])
def test_one_expert_alone_is_not_diagnosed(as_cur, field, ada, url):
    settle(field.candidates.first(), [ada])
    assert table(as_cur.get(url)) == []


@pytest.mark.parametrize("url", [POSTERIORS, MATRICES])
def test_the_error_names_the_extra_to_install(as_cur, field, ada, bea, url, monkeypatch):
    settle(field.candidates.first(), [ada, bea])
    monkeypatch.setattr(dawid_skene, "INSTALLED", False)
    refused = problem(as_cur.get(url), HTTPStatus.SERVICE_UNAVAILABLE)
    assert "crowd-kit is not installed" in refused["detail"]
