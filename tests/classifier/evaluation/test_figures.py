"""Figures: each can be drawn of much and of nothing, and its files are what they say."""

import csv
import io
from itertools import combinations
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from classifier import evaluate
from classifier.core.figure_style import SHADES, colour_and_marker
from classifier.evaluation import figures
from classifier.evaluation.calibration import calibrate
from classifier.evaluation.figures import tables
from classifier.evaluation.figures.confusion import DARK_PERCENT
from tests.classifier.evaluation.test_metrics import manifest_of, predictions_with


def world(count=60, members=3, classes=4, seed=0):
    """Predictions that are right more often than not, and their manifest."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes + 1
    weight = rng.exponential(size=(members, count, classes))
    weight[:, np.arange(count), labels - 1] *= 4
    return predictions_with(weight / weight.sum(axis=2, keepdims=True)), manifest_of(labels)


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def in_view(figure):
    """The texts that are drawn: matplotlib keeps labels of ticks beyond an axis as well."""
    figure.draw_without_rendering()
    beyond = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        beyond |= {tick.label1 for tick in ticks if not low <= tick.get_loc() <= high}
    result = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    return [text for text in result if text not in beyond]


def drawn(evaluation, calibration):
    """Every figure of one run, with the rows of its CSV file."""
    arms, curves = {"all filters": evaluation, "no U": evaluation}, {"at random": {9: [evaluation]}}
    return {
        "confusion": (
            figures.confusion_matrix(evaluation.confusion),
            tables.confusion_rows(evaluation.confusion),
        ),
        "entropy": (
            figures.entropy_histogram(evaluation.entropy),
            tables.entropy_rows(evaluation.entropy),
        ),
        "coverage": (
            figures.coverage_curve(evaluation.risk_coverage),
            tables.coverage_rows(evaluation.risk_coverage),
        ),
        "reliability": (
            figures.reliability_diagram(calibration),
            tables.reliability_rows(calibration),
        ),
        "arms": (figures.arm_comparison(arms), tables.accuracy_rows(arms)),
        "members": (figures.arm_comparison(arms, source="members"), tables.accuracy_rows(arms)),
        "learning": (figures.learning_curve(curves), tables.learning_rows(curves)),
    }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "options",
    [{}, {"members": 1}, {"classes": 2}, {"classes": 9, "members": 2}, {"count": 1}, {"count": 0}],
)
def test_every_figure_can_be_drawn_with_all_its_text_in_view(options, tmp_path):
    predictions, manifest = world(**options)
    pairs = drawn(evaluate(predictions, manifest), calibrate(predictions, manifest))
    for name, (figure, data) in pairs.items():
        figures.save(figure, tmp_path / name, data, formats=["png"])
        boxes = [(text.get_text(), text.get_window_extent()) for text in in_view(figure)]
        for text, box in boxes:
            assert min(box.p0) >= 0 and (box.p1 <= figure.bbox.p1).all(), f"{name}: {text!r} is cut"
        for (one, box), (other, another) in combinations(boxes, 2):
            assert not box.overlaps(another), f"{name}: {one!r} lies on {other!r}"


@pytest.fixture
def evaluation():
    return evaluate(*world())


def test_files_have_the_format_of_their_suffix(evaluation, tmp_path):
    figure = figures.confusion_matrix(evaluation.confusion)
    paths = figures.save(
        figure, tmp_path / "new" / "v1.2", tables.confusion_rows(evaluation.confusion)
    )
    assert [path.name for path in paths] == ["v1.2.pdf", "v1.2.png", "v1.2.svg", "v1.2.csv"]
    pdf, png, svg, _ = paths
    assert pdf.read_bytes().startswith(b"%PDF")
    assert ElementTree.parse(svg).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    with Image.open(png) as image:
        image.load()
        # One column of a journal at 300 dots an inch.
        assert image.width == pytest.approx(3.4 * 300, abs=1)
        assert 500 < image.height < 1200
        assert len(image.convert("RGB").getcolors(1 << 20)) > 10


def test_the_csv_file_has_the_numbers(evaluation, tmp_path):
    *_, path = figures.save(
        figures.confusion_matrix(evaluation.confusion),
        tmp_path / "c",
        tables.confusion_rows(evaluation.confusion),
    )
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [(row["truth"], row["answer"]) for row in rows[3:5]] == [("1", "4"), ("2", "1")]
    # Numbers come back as they were.
    mean = [float(row["percent_mean"]) for row in rows]
    assert mean == [share for row in evaluation.confusion.percent.mean for share in row]
    assert sum(int(row["count_ensemble"]) for row in rows) == 60


def test_an_unknown_number_is_an_empty_cell(tmp_path):
    confusion = evaluate(*world(members=1)).confusion
    *_, path = figures.save(Figure(), tmp_path / "c", tables.confusion_rows(confusion), formats=[])
    assert path.read_text(encoding="utf-8").splitlines()[1].split(",")[3] == ""


def test_the_same_figure_gives_the_same_bytes(evaluation, tmp_path):
    for name in ("first", "second"):
        figure = figures.entropy_histogram(evaluation.entropy)
        figures.save(figure, tmp_path / name, tables.entropy_rows(evaluation.entropy))
    for suffix in ("pdf", "png", "svg", "csv"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), suffix


def test_another_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="pdf, png or svg, not gif"):
        figures.save(Figure(), tmp_path / "f", [], formats=["png", "gif"])
    assert list(tmp_path.iterdir()) == []


def test_the_settings_of_matplotlib_are_restored(evaluation):
    before = dict(matplotlib.rcParams)
    figures.arm_comparison({"one": evaluation})
    assert dict(matplotlib.rcParams) == before


def test_human_agreement_is_shown_for_the_four_classes_of_the_paper_only(evaluation):
    assert "70–80 %" in texts(figures.confusion_matrix(evaluation.confusion))
    assert "people\nagree" not in texts(figures.confusion_matrix(evaluation.binary_confusion))
    other = {1: (0.01, 0.02), 2: (0.03, 0.04), 3: (0.05, 0.06), 4: (0.07, 0.08)}
    assert "7–8 %" in texts(figures.confusion_matrix(evaluation.confusion, other))


def test_cells_contain_percent_spread_and_count(evaluation):
    result = texts(figures.confusion_matrix(evaluation.confusion))
    confusion = evaluation.confusion
    assert f"{confusion.percent.mean[2][2]:.1f} %" in result
    assert f"± {confusion.percent.std[2][2]:.1f}" in result
    assert f"n = {confusion.ensemble[2][2]}" in result


def test_text_can_be_read_on_every_shade():
    def luminance(colour):
        parts = np.array(to_rgb(colour))
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    # WCAG 2.2, success criterion 1.4.3.
    for percent in np.linspace(0, 100, 201):
        shade = luminance(SHADES(percent / 100))
        dark = percent >= DARK_PERCENT
        assert (1.05 / (shade + 0.05) if dark else (shade + 0.05) / 0.05) >= 4.5


def test_medians_and_counts_of_entropy_are_in_the_legend(evaluation):
    entropy = evaluation.entropy
    label = f"right: {sum(entropy.right)}, median {entropy.right_median:.2f} nat"
    assert label in texts(figures.entropy_histogram(entropy))


def test_error_bars_are_wilsons_or_the_members(evaluation):
    overall = next(
        row for row in tables.accuracy_rows({"a": evaluation}) if row["measure"] == "all classes"
    )
    for of, low, high in (
        ("ensemble", overall["low"], overall["high"]),
        (
            "members",
            overall["member_mean"] - overall["member_std"],
            overall["member_mean"] + overall["member_std"],
        ),
    ):
        bars = figures.arm_comparison({"a": evaluation}, source=of).axes[0].containers[0]
        first = bars.lines[2][0].get_segments()[0]
        np.testing.assert_allclose(first[:, 1], [100 * low, 100 * high])


def test_clusters_have_a_bar_beside_those_of_the_classes(evaluation):
    rows = {row["measure"]: row for row in tables.accuracy_rows({"a": evaluation})}
    result, matrix = rows["class 1+2"], evaluation.binary_confusion
    assert (result["right"], result["of"]) == (matrix.ensemble[0][0], sum(matrix.ensemble[0]))
    assert result["member_mean"] == pytest.approx(matrix.percent.mean[0][0] / 100)
    assert result["low"] < result["accuracy"] < result["high"]


def test_arms_of_different_classes_are_not_mixed(evaluation):
    with pytest.raises(ValueError, match="the same classes"):
        figures.arm_comparison({"four": evaluation, "two": evaluate(*world(classes=2))})


def test_a_learning_curve_is_the_mean_over_runs():
    runs = [evaluate(*world(seed=seed)) for seed in (1, 2)]
    figure = figures.learning_curve({"at random": {400: runs, 100: runs[:1]}})
    line = figure.axes[0].containers[0].lines[0]
    mean = np.mean([100 * run.accuracy.value for run in runs])
    np.testing.assert_allclose(line.get_ydata(orig=False), [100 * runs[0].accuracy.value, mean])
    np.testing.assert_allclose(line.get_xdata(orig=False), [100, 400])
    rows = tables.learning_rows({"at random": {400: runs, 100: runs[:1]}})
    assert [row["run"] for row in rows if row["measure"] == "class 1"] == [0, 0, 1]


def test_series_differ_in_print_without_colours():
    markers = [colour_and_marker(series)[1] for series in range(7)]
    assert len(set(markers)) == 7
    assert len({colour_and_marker(series) for series in range(49)}) == 49
