"""Figures of runs and experiments: their captions on the page, and their files."""

from hashlib import sha256
from html import escape
from http import HTTPStatus

import pytest

from frontend.pages.figures import CAPTIONS, MEDIA_TYPES
from frontend.templatetags.formats import p_value
from labeling.models import TrainingRun
from tests.labeling.reported import report_on_experiment, report_on_run
from tests.labeling.world import calibrate_run, make_experiment, make_run, promote

pytestmark = pytest.mark.beside("sqlite")

RUN = {"confusion", "confusion-two-classes", "entropy", "coverage", "reliability"}


@pytest.fixture
def run(field, people):
    """A run whose figures were drawn, of the classifier's own evaluation."""
    run = make_run(field, people["admin"])
    report_on_run(run)
    return run


def test_the_page_shows_each_figure_with_description_and_files(browse, run):
    page = browse("ada").get(f"/runs/{run.pk}/")
    figures = page.context["figures"]
    assert {figure.title for figure in figures} == {CAPTIONS[name][0] for name in RUN}
    text = page.content.decode()
    for figure in figures:
        # The title, and a sentence with numbers.
        assert len(figure.alt.split(". ")) > 1, figure.alt
        assert any(letter.isdigit() for letter in figure.alt)
        assert "–" not in figure.alt
        assert f'alt="{figure.alt}"' in text
        assert [ending for ending, _ in figure.files] == ["pdf", "png", "svg", "csv"]


def test_the_page_shows_the_calibration(browse, run):
    calibration = run.outcome["calibration"]
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    assert f"temperature is {calibration['temperature']:.2f}" in text
    for when in ("before", "after"):
        assert f"{calibration[when]['expected_calibration_error']:.3f}" in text


def test_the_page_shows_the_error_of_perfect_probabilities_by_chance(browse, run):
    chance = run.outcome["calibration"]["before"]["chance"]
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    assert f"{chance['mean']:.3f} ({chance['low']:.3f} – {chance['high']:.3f})" in text
    row = 'p of so large an error by chance</th><td class="number">'
    assert f"{row}{escape(p_value(chance['p_value']))}</td>" in text


def test_the_page_says_where_the_calibrated_probabilities_are(browse, run):
    calibrate_run(run)
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    assert "on 140 control labels" in text
    assert "exports have the calibrated probabilities beside the network’s own" in text


def test_the_page_says_why_there_are_no_calibrated_probabilities(browse, run):
    calibrate_run(run, count=49)
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    assert "50 control labels are needed, and there were 49" in text


def test_the_candidates_page_has_both_probabilities(browse, run, field, people):
    candidate = field.candidates.first()
    live = promote(field, people["admin"], {candidate.pk: 0.5})
    calibrate_run(live)
    text = browse("cur").get(f"/candidates/{candidate.pk}/").content.decode()
    assert '<td class="number">0.60</td><td class="number">0.42</td>' in text
    assert "with the temperature 2.00, fitted to 140 control labels" in text


def test_the_exports_say_how_probabilities_are_calibrated(browse, run, field, people):
    live = promote(field, people["admin"])
    text = browse("cur").get("/exports/").content.decode()
    assert "There are no calibrated probabilities. The run’s calibration was not measured." in text
    calibrate_run(live)
    text = browse("cur").get("/exports/").content.decode()
    assert "Calibrated with the temperature 2.00, fitted to 140 control labels." in text


def test_the_page_shows_recall_and_precision_of_clusters(browse, run):
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    for share in ("recall", "precision"):
        proportion = run.outcome["evaluation"]["clusters"][share]
        low, value, high = (f"{proportion[name] * 100:.0f} %" for name in ("low", "value", "high"))
        assert f'<dd>{value}</dd><dd class="interval">{low} – {high}</dd>' in text


def test_the_page_gives_the_reason_for_no_temperature(browse, run):
    run.outcome["calibration"] |= {"temperature": None, "after": None, "note": "Too few of them."}
    run.save()
    assert "Too few of them." in browse("ada").get(f"/runs/{run.pk}/").content.decode()


def test_the_page_says_why_the_error_after_calibration_is_unknown(browse, run):
    run.outcome["calibration"] |= {"after": None, "note": "It is unknown."}
    run.save()
    page = browse("ada").get(f"/runs/{run.pk}/")
    error = run.outcome["calibration"]["before"]["expected_calibration_error"]
    text = page.content.decode()
    row = f'calibration error</th><td class="number">{error:.3f}</td><td class="number">–</td>'
    assert row in text
    assert "It is unknown." in text
    assert f"Expected calibration error {error:.3f} before." in text


def test_a_run_of_a_version_without_figures_has_a_page(browse, run):
    for name in ("figures", "calibration"):
        del run.outcome[name]
    run.save()
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    assert "<h2>Figures</h2>" not in text
    assert "Four classes" in text


@pytest.mark.parametrize(
    ("ending", "start"),
    [("pdf", b"%PDF"), ("png", b"\x89PNG"), ("svg", b"<?xml"), ("csv", b"truth,answer")],
)
def test_each_file_has_the_format_of_its_ending(browse, run, ending, start):
    answer = browse("ada").get(f"/runs/{run.pk}/figures/confusion.{ending}")
    assert answer.status_code == HTTPStatus.OK
    assert answer["Content-Type"] == MEDIA_TYPES[ending]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content.startswith(start)
    expected = f'inline; filename="run-{run.pk}-confusion.{ending}"'
    assert answer["Content-Disposition"] == expected


def test_a_file_is_cached_privately_and_revalidated(browse, run):
    address = f"/runs/{run.pk}/figures/entropy.png"
    first = browse("ada").get(address)
    assert first["Cache-Control"] == "private, no-cache"
    again = browse("ada").get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (HTTPStatus.NOT_MODIFIED, b"")
    assert again["Cache-Control"] == "private, no-cache"
    (run.figures_directory / "entropy.png").write_bytes(b"drawn anew")
    other = browse("ada").get(address, headers={"If-None-Match": first["ETag"]})
    assert other.content == b"drawn anew"
    # Without access, no "not modified" tells whether it changed.
    refused = browse("stranger").get(address, headers={"If-None-Match": other["ETag"]})
    assert refused.status_code == HTTPStatus.FORBIDDEN


def test_an_svg_file_opened_by_itself_may_run_no_script(browse, run):
    policy = browse("ada").get(f"/runs/{run.pk}/figures/entropy.svg")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "confusion.gif",
        "confusion.svg.bak",
        "confusion",
        "unknown.svg",
        "config.json",
        "../training_set.csv",
        "..%2ftraining_set.csv",
        "%2e%2e/training_set.csv",
        "..%252ftraining_set.csv",
        "%2fetc%2fpasswd.csv",
        "....//training_set.csv",
        "..\\training_set.csv",
        "confusion.svg/../../training_set.csv",
        "confusion%00.svg",
        "secret.csv",
    ],
)
def test_no_other_file_is_served(browse, run, path):
    (run.directory / "training_set.csv").write_text("labels")
    # Beside the figures, but none of them.
    (run.figures_directory / "secret.csv").write_text("labels")
    answer = browse("admin").get(f"/runs/{run.pk}/figures/{path}")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert b"labels" not in answer.content


def test_a_missing_file_is_not_found(browse, run):
    (run.figures_directory / "coverage.csv").unlink()
    answer = browse("ada").get(f"/runs/{run.pk}/figures/coverage.csv")
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_a_curator_downloads_the_training_set_of_a_run(browse, run):
    address = f"/runs/{run.pk}/training-set.csv"
    assert browse("cur").get(address).status_code == HTTPStatus.NOT_FOUND
    run.manifest_path.write_text("candidate\n")
    TrainingRun.objects.update(manifest_sha256=sha256(b"candidate\n").hexdigest())
    assert browse("cur").get(address).content == b"candidate\n"
    assert address in browse("cur").get(f"/runs/{run.pk}/").content.decode()
    assert address not in browse("ada").get(f"/runs/{run.pk}/").content.decode()


def test_files_cannot_be_posted_to(browse, run):
    answer = browse("admin").post(f"/runs/{run.pk}/figures/entropy.png")
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_figures_on_the_votes_of_one_expert_are_for_curators(browse, field, people):
    personal = make_experiment(field, people["admin"], sources=["votes", "expert:bea"])
    report_on_experiment(personal)
    address = f"/experiments/{personal.pk}/figures/arms.svg"
    assert browse("ada").get(address).status_code == HTTPStatus.NOT_FOUND
    assert browse("cur").get(address).status_code == HTTPStatus.OK
