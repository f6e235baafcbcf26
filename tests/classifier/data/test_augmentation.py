"""One resampling crops, flips, rotates and resizes; checked against torchvision and geometry."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier import PRESETS
from classifier.data.augmentation import (
    dihedral_orientations,
    minmax_scaled,
    random_orientations,
    random_sides,
    resample,
    rotations,
)
from classifier.data.random_views import empty_share
from classifier.nets.torchvision_import import torchvision
from tests.classifier.conftest import blob

functional = torchvision.transforms.functional
BILINEAR = torchvision.transforms.InterpolationMode.BILINEAR


def smooth(side=74):
    """One stamp (1, 2, side, side), lopsided and smooth over a few pixels."""
    image = blob(6, 3, 55, 47) + 0.5 * blob(4, 4, 40, 60)
    first = (100 - side) // 2
    return torch.tensor(image[first : first + side, first : first + side])[None, None].repeat(
        1, 2, 1, 1
    ).float()  # fmt: skip


def centroid(image):
    row, column = np.mgrid[: image.shape[0], : image.shape[1]]
    weight = image.numpy() / image.numpy().sum()
    return (weight * column).sum(), (weight * row).sum()


def test_without_orientation_it_is_the_central_crop():
    stamps = smooth()
    torch.testing.assert_close(resample(stamps, 50, 50), stamps[:, :, 12:62, 12:62])


def test_resizing_agrees_with_torchvision():
    stamps = smooth()
    expected = functional.resize(stamps, [74 * 4, 74 * 4], BILINEAR, antialias=False)
    torch.testing.assert_close(
        resample(stamps, 50, 200), expected[:, :, 48:248, 48:248], atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("degrees", [90, 17, 200, 311])
def test_rotation_agrees_with_torchvision(degrees):
    stamps = smooth()
    # torchvision turns counter-clockwise on the screen, where y points down.
    expected = functional.rotate(stamps, degrees, BILINEAR)[:, :, 12:62, 12:62]
    turned = resample(stamps, 50, 50, rotations(torch.tensor([math.radians(degrees)])))
    torch.testing.assert_close(turned, expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize(("signs", "axis"), [((-1.0, 1.0), 3), ((1.0, -1.0), 2)])
def test_a_flip_is_exact(signs, axis):
    stamps = smooth()
    flipped = resample(stamps, 50, 50, torch.diag(torch.tensor(signs))[None])
    torch.testing.assert_close(flipped, stamps[:, :, 12:62, 12:62].flip(axis))


def test_a_source_turns_about_the_centre():
    image = torch.tensor(blob(2, 2, 49.5 + 12, 49.5), dtype=torch.float32)[None, None]
    angle = torch.tensor([math.radians(30)])
    x, y = centroid(resample(image, 50, 100, rotations(angle))[0, 0])
    # Twelve pixels from the centre of the stamp are 24 of the output.
    assert x - 49.5 == pytest.approx(24 * math.cos(angle), abs=1e-2)
    assert y - 49.5 == pytest.approx(-24 * math.sin(angle), abs=1e-2)


def test_corners_come_from_the_stamp():
    stamps = torch.ones(1, 1, 74, 74)
    turned = resample(stamps, 50, 50, rotations(torch.tensor([math.pi / 4])))
    torch.testing.assert_close(turned, torch.ones(1, 1, 50, 50))


def test_orientations_are_orthogonal_and_cover_the_circle():
    turns = random_orientations(4000, torch.Generator().manual_seed(0))
    identity = torch.eye(2).expand(4000, 2, 2)
    torch.testing.assert_close(turns @ turns.mT, identity, atol=1e-5, rtol=0)
    # Uniform angles: the mean direction of n unit vectors is about sqrt(1 / n) long.
    assert turns[:, :, 0].mean(0).norm() < 3 / math.sqrt(4000)
    # Half of them mirror.
    assert (torch.linalg.det(turns) < 0).float().mean() == pytest.approx(0.5, abs=0.03)


def test_the_same_seed_gives_the_same_orientations():
    first, second = (random_orientations(8, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, second)


def slow_reference(stamp, degrees, mirror, upside_down, stamp_px, input_px):
    """Rotate, flip, crop and enlarge one after the other, as torchvision would."""
    image = functional.rotate(stamp, degrees, BILINEAR)
    image = functional.hflip(image) if mirror else image
    image = functional.vflip(image) if upside_down else image
    image = functional.center_crop(image, [stamp_px, stamp_px])
    return functional.resize(image, [input_px, input_px], BILINEAR, antialias=False)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("upside_down", [False, True])
@pytest.mark.parametrize("degrees", [0, 33, 180, 255])
def test_one_sampling_equals_crop_flip_rotation_and_resizing(mirror, upside_down, degrees):
    """Within 1 % of the peak, by which a second interpolation lowers it."""
    stamps = torch.tensor(blob(9, 6, 55, 47)[13:87, 13:87])[None, None].float()
    expected = slow_reference(stamps[0], degrees, mirror, upside_down, 50, 299)
    signs = torch.diag(torch.tensor([1.0 - 2 * mirror, 1.0 - 2 * upside_down]))
    turn = rotations(torch.tensor([math.radians(degrees)])) @ signs
    result = resample(stamps, 50, 299, turn)[0]
    inner = slice(3, -3)
    torch.testing.assert_close(
        result[:, inner, inner], expected[:, inner, inner], atol=0.01, rtol=0
    )


def test_the_eight_orientations_of_a_square_are_exact():
    stamps = smooth()
    seen = resample(stamps.repeat(8, 1, 1, 1), 74, 74, dihedral_orientations())
    for image in (stamps[0], stamps[0].flip(2)):
        for quarter in range(4):
            expected = image.rot90(quarter, (1, 2))
            assert min((expected - other).abs().max() for other in seen) < 1e-5
    assert len(torch.unique(dihedral_orientations(), dim=0)) == 8


def test_each_stamp_can_have_a_different_crop():
    stamps = smooth().repeat(2, 1, 1, 1)
    both = resample(stamps, torch.tensor([25.0, 74.0]).view(2, 1, 1), 64)
    torch.testing.assert_close(both[:1], resample(stamps[:1], 25, 64))
    torch.testing.assert_close(both[1:], resample(stamps[:1], 74, 64))


def test_random_sides_reach_both_ends():
    sides = random_sides(4000, 25, 100, torch.Generator().manual_seed(0))
    assert (sides.min(), sides.max()) == (25, 100)
    assert sides.mean().item() == pytest.approx(62.5, abs=1.5)


def test_each_crop_is_scaled_by_itself():
    images = torch.stack([torch.full((4, 4), 0.3), torch.arange(16.0).view(4, 4) / 60 + 0.2])[None]
    scaled = minmax_scaled(images)
    assert not scaled[0, 0].any()
    torch.testing.assert_close(scaled[0, 1], torch.arange(16.0).view(4, 4) / 15)


def test_crops_scaled_jointly_keep_the_ratio_of_the_bands():
    ramp = torch.arange(16.0).view(4, 4) / 30
    images = torch.stack([torch.zeros(4, 4), ramp, ramp / 2])[None]
    scaled = minmax_scaled(images, joint=True)
    assert not scaled[0, 0].any()
    torch.testing.assert_close(scaled[0, 1], torch.arange(16.0).view(4, 4) / 15)
    torch.testing.assert_close(scaled[0, 2], torch.arange(16.0).view(4, 4) / 30)
    assert not minmax_scaled(torch.full((1, 2, 4, 4), 0.3), joint=True).any()


@pytest.mark.parametrize(
    ("settings", "share"),
    [
        ({"stamp_px": 50}, 0),
        ({"stamp_px": 70}, 0),
        ({"stamp_px": 100, "augment": False}, 0),
        # Counted below.
        ({"stamp_px": 100}, None),
        ({"stamp_px": 90}, None),
        ({"crop_px": (80, 100)}, None),
    ],
)
def test_the_empty_share_is_that_of_rotated_views_of_ones(settings, share):
    config = replace(PRESETS["paper-resnet18"], input_px=128, **settings)
    if share is None:
        angles = (torch.arange(60) + 0.5) * (math.pi / 2 / 60)
        low, high = config.crop_px or (config.stamp_px, config.stamp_px)
        ones = torch.ones(60, 1, 100, 100)
        views = [resample(ones, px, 128, rotations(angles)) for px in range(low, high + 1, 5)]
        share = float(torch.stack([(view < 0.5).float().mean() for view in views]).mean())
    # Every fifth side, and whole pixels: within half a per cent.
    assert empty_share(config) == pytest.approx(share, abs=0.005)


def test_a_view_as_large_as_its_pack_is_empty_in_a_sixth_at_45_degrees():
    ones = torch.ones(1, 1, 100, 100)
    view = resample(ones, 100, 299, rotations(torch.tensor([math.pi / 4])))
    # An octagon remains of the square.
    expected = 1 - 2 * (math.sqrt(2) - 1)
    assert (view < 0.5).float().mean().item() == pytest.approx(expected, abs=0.003)
