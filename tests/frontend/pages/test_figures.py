"""Figures of runs and experiments: what the page says of them, and their files."""

from http import HTTPStatus

import pytest

from frontend.pages.figures import MEDIA_TYPES, TITLES
from tests.labeling.reported import report_on_experiment, report_on_run
from tests.labeling.world import make_experiment, make_run

pytestmark = pytest.mark.beside("sqlite")

RUN = {"confusion", "confusion-two-classes", "entropy", "coverage", "reliability"}


@pytest.fixture
def run(field, people):
    """A run whose figures were drawn, of the classifier's own evaluation."""
    run = make_run(field, people["admin"])
    report_on_run(run)
    return run


def test_the_page_shows_each_figure_with_words_and_files(browse, run):
    page = browse("ada").get(f"/runs/{run.pk}/")
    shown = page.context["drawings"]
    assert {drawing.title for drawing in shown} == {TITLES[name][0] for name in RUN}
    text = page.content.decode()
    for drawing in shown:
        # The title, and a sentence with numbers.
        assert len(drawing.alt.split(". ")) > 1, drawing.alt
        assert any(letter.isdigit() for letter in drawing.alt)
        assert "–" not in drawing.alt
        assert f'alt="{drawing.alt}"' in text
        assert [ending for ending, _ in drawing.files] == ["pdf", "png", "svg", "csv"]


def test_the_page_says_how_well_the_probabilities_are_calibrated(browse, run):
    calibration = run.outcome["calibration"]
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    assert f"likeliest is {calibration['temperature']:.2f}" in text
    for when in ("before", "after"):
        assert f"{calibration[when]['expected_calibration_error']:.3f}" in text


def test_the_page_says_how_well_clusters_are_told_from_the_rest(browse, run):
    text = browse("ada").get(f"/runs/{run.pk}/").content.decode()
    for share in ("recall", "precision"):
        found = run.outcome["evaluation"]["clusters"][share]
        low, value, high = (f"{found[name] * 100:.0f} %" for name in ("low", "value", "high"))
        assert f'<dd>{value}</dd><dd class="interval">{low} – {high}</dd>' in text


def test_it_says_why_there_is_no_temperature(browse, run):
    run.outcome["calibration"] |= {"temperature": None, "after": None, "note": "Too few of them."}
    run.save()
    assert "Too few of them." in browse("ada").get(f"/runs/{run.pk}/").content.decode()


def test_a_run_from_before_there_were_figures_has_a_page(browse, run):
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
def test_each_file_is_what_its_ending_says(browse, run, ending, start):
    answer = browse("ada").get(f"/runs/{run.pk}/figures/confusion.{ending}")
    assert answer.status_code == HTTPStatus.OK
    assert answer["Content-Type"] == MEDIA_TYPES[ending]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content.startswith(start)
    expected = f'inline; filename="run-{run.pk}-confusion.{ending}"'
    assert answer["Content-Disposition"] == expected


def test_a_file_is_kept_by_one_person_only_and_asked_for_again(browse, run):
    address = f"/runs/{run.pk}/figures/entropy.png"
    first = browse("ada").get(address)
    assert first["Cache-Control"] == "private, no-cache"
    again = browse("ada").get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (HTTPStatus.NOT_MODIFIED, b"")
    assert again["Cache-Control"] == "private, no-cache"
    (run.figures_directory / "entropy.png").write_bytes(b"drawn anew")
    other = browse("ada").get(address, headers={"If-None-Match": first["ETag"]})
    assert other.content == b"drawn anew"
    # Who may no longer see it is not told that it is as it was.
    refused = browse("stranger").get(address, headers={"If-None-Match": other["ETag"]})
    assert refused.status_code == HTTPStatus.FORBIDDEN


def test_an_svg_file_that_is_opened_by_itself_does_nothing(browse, run):
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


def test_a_figure_that_is_lost_is_not_found(browse, run):
    (run.figures_directory / "coverage.csv").unlink()
    answer = browse("ada").get(f"/runs/{run.pk}/figures/coverage.csv")
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_a_curator_takes_the_training_set_of_a_run_away(browse, run):
    address = f"/runs/{run.pk}/training-set.csv"
    assert browse("cur").get(address).status_code == HTTPStatus.NOT_FOUND
    run.manifest_path.write_text("candidate\n")
    assert browse("cur").get(address).content == b"candidate\n"
    assert address in browse("cur").get(f"/runs/{run.pk}/").content.decode()
    assert address not in browse("ada").get(f"/runs/{run.pk}/").content.decode()


def test_it_only_reads(browse, run):
    answer = browse("admin").post(f"/runs/{run.pk}/figures/entropy.png")
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_figures_of_one_experts_votes_are_for_curators(browse, field, people):
    personal = make_experiment(field, people["admin"], sources=["votes", "expert:bea"])
    report_on_experiment(personal)
    address = f"/experiments/{personal.pk}/figures/arms.svg"
    assert browse("ada").get(address).status_code == HTTPStatus.NOT_FOUND
    assert browse("cur").get(address).status_code == HTTPStatus.OK
