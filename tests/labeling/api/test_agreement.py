"""GET /api/v1/agreement/, agreement.csv, agreement/group/ and agreement/group.csv"""

import csv
import io
from http import HTTPStatus

import pytest

from labeling.models import ReferenceLabel
from tests.labeling.world import API, make_field, problem, vote

URL = f"{API}/agreement/"
FILE = f"{API}/agreement.csv"
GROUP = f"{API}/agreement/group/"
GROUP_FILE = f"{API}/agreement/group.csv"


@pytest.fixture
def voted(field, ada, bea, cy):
    """ada and bea agree on three of four candidates; a catalogue has a word on two."""
    for candidate, (ours, theirs) in zip(
        field.candidates.all(), [(1, 1), (2, 2), (3, 4), (4, 4)], strict=False
    ):
        vote(candidate, ada, ours)
        vote(candidate, bea, theirs)
    for candidate in field.candidates.all()[:2]:
        ReferenceLabel.objects.create(candidate=candidate, source="LEGUS", label=1)
    vote(field.candidates.last(), cy, 1)
    return field


def pairs(response):
    """The pairs by the names of their raters."""
    assert response.status_code == HTTPStatus.OK
    return {(pair["first"], pair["second"]): pair for pair in response.json()}


def test_it_compares_experts_and_catalogues(as_cur, voted):
    found = pairs(as_cur.get(URL))
    assert set(found) == {("ada", "bea"), ("ada", "LEGUS"), ("bea", "LEGUS")}
    both = found["ada", "bea"]
    assert (both["n"], both["share"], both["share_compact"]) == (4, 0.75, 1.0)
    assert both["confusion"] == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert both["interval"][0] < 0.75 < both["interval"][1]
    assert found["ada", "LEGUS"]["second_kind"] == "reference"


def test_unknown_values_are_null(as_cur, voted):
    pair = pairs(as_cur.get(URL))["ada", "LEGUS"]
    assert pair["per_class"] == [1.0, 0.0, None, None]


def test_an_expert_sees_only_their_own_pairs(as_ada, voted):
    assert set(pairs(as_ada.get(URL))) == {("ada", "bea"), ("ada", "LEGUS")}


def test_it_filters_by_field(as_cur, voted):
    make_field("ngc2")
    assert pairs(as_cur.get(URL, {"field": "ngc2"})) == {}
    assert len(pairs(as_cur.get(URL, {"field": "ngc1"}))) == 3
    problem(as_cur.get(URL, {"field": "nowhere"}), HTTPStatus.NOT_FOUND)


def test_it_has_intervals_and_figures_of_compact_clusters(as_cur, voted):
    both = pairs(as_cur.get(URL))["ada", "bea"]
    assert both["per_compact"] == [1.0, 1.0]
    low, high = both["bootstrap"]["share"]
    assert 0 <= low <= 0.75 <= high <= 1
    # One object in four is in class 1: 0.75^4 = 32 % of the resamples have none.
    undefined = both["bootstrap"]["undefined"]
    assert 270 < undefined["per_class"][0] < 370
    # Wilson's, of one object of one: 1 / (1 + 1.96^2).
    assert both["bootstrap"]["per_class"][0] == [pytest.approx(0.2065, abs=1e-4), 1.0]
    # All four in one of the two compact classes: 2 · 0.5^4 = 12.5 %.
    assert 90 < undefined["kappa_compact"] < 160
    assert (both["kappa_compact"], both["bootstrap"]["kappa_compact"]) == (1.0, [None, None])
    assert 0 < undefined["kappa"] < 25
    assert pairs(as_cur.get(URL))["ada", "LEGUS"]["bootstrap"]["per_class"][3] == [None, None]


def table(response):
    """The rows of the file, by the names of their raters."""
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = csv.DictReader(io.StringIO(response.content.decode()))
    return {(row["first"], row["second"]): row for row in rows}


def test_the_file_has_a_row_for_each_pair_with_all_counts(as_cur, voted):
    rows = table(as_cur.get(FILE))
    assert set(rows) == set(pairs(as_cur.get(URL)))
    both = rows["ada", "bea"]
    assert (both["n"], both["share"], both["agreement_class12"]) == ("4", "0.75", "1.0")
    counts = [int(value) for name, value in both.items() if name[:2] == "n_"]
    assert counts == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert (both["kappa_compact"], both["kappa_compact_low"]) == ("1.0", "")
    assert 90 < int(both["kappa_compact_undefined"]) < 160
    assert 270 < int(both["agreement_class1_undefined"]) < 370
    # Four candidates are too few for an interval of kappa.
    assert (both["kappa_low"], both["kappa_high"]) == ("", "")
    # Observed 3/4, by chance 1/4.
    assert float(both["kappa"]) == pytest.approx(2 / 3)


def test_unknown_values_are_empty_in_the_file(as_cur, voted):
    row = table(as_cur.get(FILE))["ada", "LEGUS"]
    assert (row["agreement_class3"], row["agreement_class3_low"]) == ("", "")


def test_the_file_of_an_expert_has_their_own_pairs_only(as_bea, voted):
    assert set(table(as_bea.get(FILE))) == {("bea", "ada"), ("bea", "LEGUS")}


def test_it_measures_the_group(as_cur, voted):
    found = as_cur.get(GROUP).json()
    assert (found["classes"]["raters"], found["classes"]["votes_each"]) == (3, 2)
    # Two classes: 1+2 and 3+4 are told apart alike by both.
    assert found["compact"]["fleiss"]["value"] == 1
    assert found["classes"]["alpha"]["n"] == 4
    assert 0 < found["classes"]["alpha"]["value"] < 1
    # Four candidates are too few.
    assert found["classes"]["alpha"]["interval"] == [None, None]


def test_the_file_of_the_group_has_the_same_values(as_cur, voted):
    rows = list(csv.DictReader(io.StringIO(as_cur.get(GROUP_FILE).content.decode())))
    for row, (what, found) in zip(rows, as_cur.get(GROUP).json().items(), strict=True):
        assert (row["what"], row["votes_each"]) == (what, str(found["votes_each"]))
        for name in ("fleiss", "alpha"):
            figure = found[name]
            columns = [f"{name}{end}" for end in ("", "_low", "_high", "_n", "_undefined")]
            ends = [float(row[column]) if row[column] else None for column in columns]
            assert ends == [figure["value"], *figure["interval"], figure["n"], figure["undefined"]]


def test_unknown_values_of_a_group_are_empty_in_the_file(as_cur, field):
    four, two = csv.DictReader(io.StringIO(as_cur.get(GROUP_FILE).content.decode()))
    assert (four["fleiss"], four["fleiss_n"], two["alpha_low"]) == ("", "0", "")


def test_without_a_group_all_values_are_null(as_cur, field):
    found = as_cur.get(GROUP).json()
    assert found["classes"]["fleiss"] == {
        "value": None,
        "interval": [None, None],
        "n": 0,
        "undefined": 0,
    }
