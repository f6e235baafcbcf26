"""Charts, matrices and number formats with values computed by hand."""

from math import log

import pytest

from frontend.pages.charts import HEIGHT, WIDTH, entropy_bars, loss_curves
from frontend.pages.confusion import evaluation_rows
from frontend.templatetags.formats import decimal, duration, file_name, percent


def test_the_histogram_counts_every_entropy():
    bars = entropy_bars([0.0, 0.0, 0.01, log(4)], bins=2)
    assert [bar.title.split()[0] for bar in bars] == ["3", "1"]
    assert bars[0].height == HEIGHT
    assert bars[1].height == pytest.approx(HEIGHT / 3, abs=0.01)
    assert bars[1].x + bars[1].width <= WIDTH


def test_without_data_there_is_no_chart():
    assert entropy_bars([]) == []
    assert loss_curves([]) is None


def test_the_losses_of_all_members_share_their_axes():
    curves = loss_curves([{"batch": [0, 10], "loss": [2.0, 1.0]}, {"batch": [0], "loss": [1.0]}])
    assert curves.lines[0].points == f"0.0,0.0 {WIDTH:.1f},{HEIGHT / 2:.1f}"
    assert (curves.x_max, curves.y_max, len(curves.lines)) == (10, 2.0, 2)


def test_the_rows_of_a_confusion_matrix_are_the_labels():
    percents = {"mean": [[75.0, 25.0], [None, None]], "std": [[1.0, 1.0], [None, None]]}
    first, second = evaluation_rows(
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
    ("text", "expected"),
    [
        (percent(0.648), "65 %"),
        (percent(None), "–"),
        (percent(float("nan")), "–"),
        (decimal(-0.125, 2), "−0.12"),
        (decimal(-0.004, 2), "0.00"),
        (duration(48.2), "48 s"),
        (duration(720), "12 min"),
        (duration(11_100), "3 h 05 min"),
        (file_name("/data/ngc1566/a.fits"), "a.fits"),
    ],
)
def test_numbers_are_formatted(text, expected):
    assert text == expected
