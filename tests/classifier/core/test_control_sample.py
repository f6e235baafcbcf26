"""classifier.core.control_sample: sky cells and their guards; tests of `in_control_sample` are with
those of the random order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.core.control_sample import (
    CELL_PX,
    CONTROL_SHARE,
    GUARD_PX,
    in_control_cell,
    near_control_cell,
    sky_groups,
)

names = st.text(max_size=8)


def cells(field, size=20):
    """Which of the cells [column, row] of a square field are control cells."""
    centres = (np.arange(size) + 0.5) * CELL_PX
    x, y = np.meshgrid(centres, centres, indexing="ij")
    return in_control_cell(field, x.ravel(), y.ravel()).reshape(size, size)


def test_the_control_cells_never_change():
    # Literal on purpose: with another lattice, runs would be measured on training candidates.
    assert np.argwhere(cells("ngc1566", 5)).tolist() == [[0, 3], [1, 1], [2, 4], [3, 2], [4, 0]]
    assert cells("simulated", 5).tolist() != cells("ngc1566", 5).tolist()


@given(names)
def test_a_fifth_of_any_rows_of_five_cells_are_control_cells(field):
    control = cells(field)
    windows = np.lib.stride_tricks.sliding_window_view(control, 5, axis=0)
    assert (windows.sum(axis=-1) == 5 * CONTROL_SHARE).all()
    assert control.mean() == CONTROL_SHARE


@given(names)
def test_control_cells_do_not_touch_along_a_side(field):
    control = cells(field)
    assert not (control[1:] & control[:-1]).any()
    assert not (control[:, 1:] & control[:, :-1]).any()


def test_cells_reach_from_their_first_pixel_to_the_next_cell():
    column, row = np.argwhere(cells("ngc1566"))[0]
    low = column * CELL_PX
    x = np.array([low - 1e-6, low, low + CELL_PX - 1e-6, low + CELL_PX])
    y = np.full(4, (row + 0.5) * CELL_PX)
    assert in_control_cell("ngc1566", x, y).tolist() == [False, True, True, False]


def test_the_guard_separates_all_stamps_of_the_two_sides():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-700, 3000, (2, 6000))
    control = in_control_cell("ngc1566", x, y)
    trained = ~near_control_cell("ngc1566", x, y)
    # Every pair, without a tree.
    distance = np.maximum(
        abs(x[control][:, None] - x[trained]), abs(y[control][:, None] - y[trained])
    )
    assert distance.min() >= GUARD_PX
    # The guard is no wider than needed.
    guard = ~control & ~trained
    corners = CELL_PX * (np.argwhere(cells("ngc1566", 12)))
    inside = (x > 100) & (y > 100)
    points = np.column_stack([x, y])[guard & inside][:, None]
    beyond = np.maximum(corners - points, points - corners - CELL_PX).max(axis=2).min(axis=1)
    assert beyond.min() >= 0
    assert beyond.max() < GUARD_PX


@pytest.mark.parametrize("shift", [0.0, -CELL_PX, 37.5])
def test_groups_are_the_cells(shift):
    x = np.array([1.0, 499.0, 501.0, 1.0]) - shift % CELL_PX
    groups = sky_groups(x + shift % CELL_PX, np.array([1.0, 2.0, 3.0, 700.0]))
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 3
