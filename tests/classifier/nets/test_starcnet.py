"""StarcNet's three views and its layers, as the paper counts them."""

import torch
from torch import nn

from classifier import PRESETS
from classifier.nets.dual_backbone import DualBackbone
from classifier.nets.starcnet import VIEWS_PX, StarcNet, enlarge_centre


def test_it_sees_all_bands_at_once():
    network = DualBackbone.from_config(PRESETS["starcnet"])
    assert network.bands_per_copy == [5]
    assert network.head.weight.shape == (4, 384)
    assert network(torch.rand(2, 5, 32, 32)).shape == (2, 4)


def test_each_path_has_seven_convolutions_and_a_matrix():
    for path in StarcNet(5).paths:
        convolutions = [layer for layer in path if isinstance(layer, nn.Conv2d)]
        assert [layer.in_channels for layer in convolutions] == [5] + 6 * [128]
        assert [layer.in_features for layer in path if isinstance(layer, nn.Linear)] == [32768]


def test_the_views_are_central_and_enlarged():
    image = torch.zeros(1, 1, 32, 32)
    image[0, 0, 16, 16] = 1
    for side in VIEWS_PX:
        view = enlarge_centre(image, side)
        assert view.shape == (1, 1, 32, 32)
        # One pixel of the stamp is 32 / side of the view, in both directions.
        assert abs(view.sum().sqrt() - 32 / side) < 1
        row, column = (view[0, 0] > 0).nonzero().float().mean(dim=0)
        assert row == column
        assert abs(row - 15.5) <= 32 / side
