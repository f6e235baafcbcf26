"""Charts and figures where the answer is known."""

from math import log

import pytest

from frontend.pages.charts import HEIGHT, WIDTH, entropy_histogram, loss_curves
from frontend.pages.run_progress import confusion_rows
from frontend.templatetags.figures import decimal, duration, file_name, percent


def test_it_draws_as_many_as_there_are():
    bars = entropy_histogram([0.0, 0.0, 0.01, log(4)], bins=2)
    assert [bar.title.split()[0] for bar in bars] == ["3", "1"]
    assert bars[0].height == HEIGHT
    assert bars[1].height == pytest.approx(HEIGHT / 3, abs=0.01)
    assert bars[1].x + bars[1].width <= WIDTH


def test_it_draws_nothing_of_nothing():
    assert entropy_histogram([]) == []
    assert loss_curves([]) is None


def test_it_draws_the_loss_of_each_network_on_common_axes():
    curves = loss_curves([{"batch": [0, 10], "loss": [2.0, 1.0]}, {"batch": [0], "loss": [1.0]}])
    assert curves.lines[0].points == f"0.0,0.0 {WIDTH:.1f},{HEIGHT / 2:.1f}"
    assert (curves.x_most, curves.y_most, len(curves.lines)) == (10, 2.0, 2)


def test_it_reads_a_confusion_matrix_by_rows():
    percents = {"mean": [[75.0, 25.0], [None, None]], "std": [[1.0, 1.0], [None, None]]}
    first, second = confusion_rows(
        {"classes": ["1+2", "3+4"], "ensemble": [[3, 1], [0, 0]], "percent": percents}
    )
    assert (first.name, first.total, first.cells[0].percent, first.cells[0].shade) == (
        "1+2",
        4,
        75,
        4,
    )
    assert (second.total, second.cells[0].percent, second.cells[0].shade) == (0, None, 0)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (percent(0.648), "65 %"),
        (percent(None), "–"),
        (percent(float("nan")), "–"),
        (decimal(-0.125, 2), "−0.12"),
        (duration(48.2), "48 s"),
        (duration(720), "12 min"),
        (duration(11_100), "3 h 05 min"),
        (file_name("/data/ngc1566/a.fits"), "a.fits"),
    ],
)
def test_it_writes_figures(written, expected):
    assert written == expected
