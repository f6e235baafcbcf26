"""GET /api/v1/export/consensus.{csv,ecsv,fits,vot} and /api/v1/export/votes.csv"""

import csv
import io
from http import HTTPStatus

import numpy as np
import pytest
from astropy.table import Table

from labeling.models import Candidate, Vote
from tests.labeling.world import API, calibrate_run, make_field, problem, promote, settle, vote

# The contract: the schema of the design, in its order; more columns may follow.
SCHEMA = """
    field catalogue_id ra_deg dec_deg x_pix y_pix class_consensus class_mean consensus_status
    n_votes n_class1 n_class2 n_class3 n_class4 n_unsure agreement vote_entropy_nats provenance
    class_network p_class1 p_class2 p_class3 p_class4 entropy_nats ensemble_agreement run
""".split()  # noqa: SIM905
FORMATS = {"ecsv": "ascii.ecsv", "fits": "fits", "vot": "votable"}
INTEGERS = {"class_consensus", "n_votes", "provenance", "class_network", "run"}


def url(ending):
    return f"{API}/export/consensus.{ending}"


def csv_rows(response):
    assert response.status_code == HTTPStatus.OK
    return list(csv.DictReader(io.StringIO(response.getvalue().decode(), newline="")))


@pytest.fixture
def labelled(field, ada, bea, cy, admin):
    """Settled, tied and untouched candidates; the first four have a prediction."""
    one, two, three, *_ = field.candidates.all()
    field.candidates.update(ra=65.00142698123456, mag_v=22.1, mag_err_v=0.1 + 0.2)
    settle(one, [ada, bea, cy], 2)
    for label, expert in enumerate([ada, bea, cy], 1):
        vote(two, expert, label)
    vote(three, ada, 4)
    promote(field, admin, {c.pk: 1 / 3 for c in field.candidates.all()[:4]})
    return field


def test_its_columns_are_those_of_the_contract(as_cur, labelled):
    header = as_cur.get(url("csv")).getvalue().decode().splitlines()[0].split(",")
    assert header[: len(SCHEMA)] == SCHEMA
    assert len(set(header)) == len(header)


def test_it_is_ordered_by_field_and_then_by_number(as_cur):
    make_field("ngc2", candidates=2)
    make_field("ngc1", candidates=11)
    rows = csv_rows(as_cur.get(url("csv")))
    assert [(row["field"], row["catalogue_id"]) for row in rows] == [
        *(("ngc1", str(n)) for n in range(1, 12)),
        ("ngc2", "1"),
        ("ngc2", "2"),
    ]


def test_it_has_the_consensus_and_the_networks_opinion(as_cur, labelled):
    agreed, tie, begun, untouched, _, unseen = csv_rows(as_cur.get(url("csv")))
    assert (agreed["class_consensus"], agreed["consensus_status"]) == ("2", "agreed")
    assert (agreed["n_votes"], agreed["n_class2"], agreed["agreement"]) == ("3", "3", "1.0")
    assert (tie["class_consensus"], tie["consensus_status"], tie["class_mean"]) == (
        "",
        "tie",
        "2.0",
    )
    assert (begun["consensus_status"], begun["provenance"]) == ("insufficient", "2")
    assert (untouched["n_votes"], untouched["provenance"]) == ("0", "0")
    assert (untouched["class_network"], untouched["p_class2"]) == ("2", "0.6")
    assert (unseen["provenance"], unseen["run"], unseen["entropy_nats"]) == ("", "", "")


@pytest.mark.parametrize("ending", ["csv", *FORMATS])
def test_it_has_calibrated_probabilities_beside_the_raw_ones(as_cur, labelled, ending):
    calibrate_run(labelled.promoted_run)
    response = as_cur.get(url(ending))
    if ending == "csv":
        rows = csv_rows(response)
    else:
        content = response.getvalue()
        source = content.decode() if ending == "ecsv" else io.BytesIO(content)
        rows = Table.read(source, format=FORMATS[ending])
    roots = np.sqrt([0.1, 0.6, 0.2, 0.1])
    names = [f"p_class{label}_calibrated" for label in (1, 2, 3, 4)]
    values = [float(rows[0][name]) for name in names]
    assert values == pytest.approx(roots / roots.sum(), abs=1e-6)
    assert int(rows[0]["calibration_labels"]) == 140
    assert float(rows[0]["p_class2"]) == 0.6
    unseen = rows[5]["p_class1_calibrated"]
    assert unseen == "" or unseen is np.ma.masked or np.isnan(unseen)


def test_without_a_temperature_calibrated_probabilities_are_empty(as_cur, labelled):
    note = "The labels determine no temperature."
    calibrate_run(labelled.promoted_run, temperature=None, after=None, note=note)
    row = csv_rows(as_cur.get(url("csv")))[0]
    assert (row["p_class1"], row["p_class1_calibrated"], row["calibration_labels"]) == (
        "0.1",
        "",
        "",
    )


def test_a_ruling_without_votes_has_the_provenance_of_one_person(as_cur, labelled, cur):
    predicted, unseen = labelled.candidates.order_by("pk")[3:6:2]
    labelled.candidates.update(control=False)
    for candidate in (predicted, unseen):
        candidate.adjudicate(cur, 1, "round, FWHM of 2.4 px")
    rows = csv_rows(as_cur.get(url("csv")))
    assert [rows[k]["provenance"] for k in (3, 5)] == ["1", "2"]


def test_a_first_ruling_on_a_control_candidate_was_made_without_the_network(
    as_cur, labelled, cur, admin
):
    candidate = labelled.candidates.order_by("pk")[3]
    labelled.candidates.update(control=True)
    provenances = []
    for curator in (cur, admin, cur, admin):
        candidate.adjudicate(curator, 1, "round, FWHM of 2.4 px")
        provenances.append(csv_rows(as_cur.get(url("csv")))[3]["provenance"])
    assert provenances == ["2", "2", "1", "1"]


@pytest.mark.parametrize("ending", FORMATS)
def test_it_reads_back_in_every_format(as_cur, labelled, ending):
    rows = csv_rows(as_cur.get(url("csv")))
    data = io.BytesIO(as_cur.get(url(ending)).getvalue())
    source = data.read().decode() if ending == "ecsv" else data
    table = Table.read(source, format=FORMATS[ending])
    assert table.colnames == list(rows[0])
    for name in table.colnames:
        for value, text in zip(table[name], (row[name] for row in rows), strict=True):
            assert same(value, text), (name, value, text)


def same(value, text):
    """Whether a table's cell is the CSV's; unknown is masked, or an empty text."""
    if np.ma.is_masked(value):
        return text == ""
    if isinstance(value, float | np.floating):
        return float(text) == float(value)
    return str(value) == text


@pytest.mark.parametrize("ending", FORMATS)
def test_unknown_integers_are_masked_and_columns_have_units(as_cur, labelled, ending):
    data = io.BytesIO(as_cur.get(url(ending)).getvalue())
    source = data.read().decode() if ending == "ecsv" else data
    table = Table.read(source, format=FORMATS[ending])
    for name in INTEGERS:
        assert np.issubdtype(table[name].dtype, np.integer), name
    assert list(table["class_consensus"].mask) == [False, True, True, True, True, True]
    assert str(table["ra_deg"].unit) == "deg"
    assert str(table["mag_v"].unit) == "mag"


@pytest.mark.parametrize("ending", ["ecsv", "fits"])
def test_it_names_the_frame_of_the_sky_positions(as_cur, labelled, ending):
    data = io.BytesIO(as_cur.get(url(ending)).getvalue())
    source = data.read().decode() if ending == "ecsv" else data
    table = Table.read(source, format=FORMATS[ending])
    assert table.meta["RADESYS"] == "ICRS"


@pytest.mark.parametrize("ending", ["ecsv", "vot"])
def test_its_columns_of_the_sky_name_their_frame(as_cur, labelled, ending):
    data = io.BytesIO(as_cur.get(url(ending)).getvalue())
    source = data.read().decode() if ending == "ecsv" else data
    table = Table.read(source, format=FORMATS[ending])
    assert table["ra_deg"].description == "right ascension, ICRS"


def test_numbers_are_read_back_exactly(as_cur, labelled):
    row = csv_rows(as_cur.get(url("csv")))[0]
    assert float(row["mag_err_v"]) == 0.1 + 0.2
    assert float(row["entropy_nats"]) == 1 / 3
    assert float(row["ra_deg"]) == 65.00142698123456


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+x", "@SUM(A1)", "-1+cmd|' /C'!A0"])
def test_a_text_that_a_spreadsheet_would_execute_is_neutralised(as_cur, candidate, text):
    Candidate.objects.filter(pk=candidate.pk).update(catalogue_id=text, catalogue_number=None)
    ids = [row["catalogue_id"] for row in csv_rows(as_cur.get(url("csv")))]
    assert f"'{text}" in ids
    assert text not in ids


@pytest.mark.parametrize(
    "text",
    ["star\r=1+2", "a\n-1", "a;=1", "a\t=1", "\t=1", "\r=1", 'a,"b"', "a\u2028b", " x ", "=1"],
)
def test_a_text_is_one_cell_of_every_csv_file(as_cur, candidate, ada, text):
    vote(candidate, ada, 4)
    Candidate.objects.filter(pk=candidate.pk).update(catalogue_id=text, set_aside=text)
    Vote.objects.update(comment=text, strategy=text)
    release = as_cur.post(f"{API}/releases/", {"version": "r1"}, format="json").json()["id"]
    cell = f"'{text}" if text[0] in "=\t\r" else text
    for address in (url("csv"), f"{API}/releases/{release}/file.csv"):
        row = csv_rows(as_cur.get(address))[0]
        assert (row["catalogue_id"], row["set_aside"]) == (cell, cell)
    (row,) = csv_rows(as_cur.get(f"{API}/export/votes.csv"))
    assert (row["catalogue_id"], row["comment"], row["strategy"]) == (cell,) * 3
    assert row["informed"] == "0"


@pytest.mark.parametrize("text", ["-5", "+1e3", "a=b", "x@y"])
def test_a_number_or_a_plain_text_is_unchanged(as_cur, candidate, text):
    Candidate.objects.filter(pk=candidate.pk).update(catalogue_id=text, catalogue_number=None)
    assert text in [row["catalogue_id"] for row in csv_rows(as_cur.get(url("csv")))]


@pytest.mark.parametrize("ending", ["csv", *FORMATS])
def test_names_with_other_letters_are_exported(as_cur, candidate, ending):
    Candidate.objects.filter(pk=candidate.pk).update(catalogue_id="β-Écu, “1”")
    assert as_cur.get(url(ending)).status_code == HTTPStatus.OK


@pytest.mark.parametrize("ending", ["csv", *FORMATS])
def test_without_candidates_the_table_has_no_rows(as_cur, ending):
    assert as_cur.get(url(ending)).status_code == HTTPStatus.OK
    if ending == "csv":
        assert csv_rows(as_cur.get(url("csv"))) == []


@pytest.mark.parametrize("ending", ["csv", "ecsv", "fits"])
def test_the_same_rows_are_the_same_bytes(as_cur, labelled, ending):
    assert as_cur.get(url(ending)).getvalue() == as_cur.get(url(ending)).getvalue()


def test_it_exports_one_field(as_cur, labelled):
    make_field("ngc2", candidates=1)
    rows = csv_rows(as_cur.get(url("csv"), {"field": "ngc2"}))
    assert [row["field"] for row in rows] == ["ngc2"]


def test_candidates_set_aside_are_exported_with_the_reason(as_cur, candidate):
    Candidate.objects.filter(pk=candidate.pk).update(set_aside="detected in 3 of 5 filters")
    assert csv_rows(as_cur.get(url("csv")))[0]["set_aside"] == "detected in 3 of 5 filters"


def test_after_a_roll_back_it_has_the_previous_run(as_cur, as_admin, labelled, admin):
    first = labelled.promoted_run_id
    second = promote(labelled, admin, {labelled.candidates.first().pk: 1.0})
    assert csv_rows(as_cur.get(url("csv")))[0]["run"] == str(second.pk)
    as_admin.delete(f"{API}/runs/{second.pk}/promotion/")
    assert csv_rows(as_cur.get(url("csv")))[0]["run"] == str(first)


def test_another_format_is_not_found(as_cur):
    problem(as_cur.get(url("xlsx")), HTTPStatus.NOT_FOUND)


def test_all_votes_are_exported_retracted_ones_too(as_cur, candidate, ada):
    undone = vote(candidate, ada, 1, comment="=HYPERLINK(1)", seconds=0.1)
    vote(candidate, ada, 5)
    rows = csv_rows(as_cur.get(f"{API}/export/votes.csv"))
    assert [row["label"] for row in rows] == ["1", "unsure"]
    assert rows[0]["vote"] == str(undone.pk)
    assert (rows[0]["comment"], rows[0]["seconds"]) == ("'=HYPERLINK(1)", "0.1")
    assert rows[0]["retracted_at"]
    assert rows[1]["retracted_at"] == ""
    assert {row["voter"] for row in rows} == {"ada"}
