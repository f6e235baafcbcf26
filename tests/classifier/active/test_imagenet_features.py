"""ImageNet features: deterministic, stored once, and NaN without stamps."""

from dataclasses import replace

import numpy as np
import pytest

from classifier import RunError
from classifier.active import imagenet_features
from classifier.active.imagenet_features import compute_features, stored_features
from classifier.nets.imagenet_weights import InitialWeights


@pytest.fixture
def small(tiny):
    return replace(tiny, backbone="resnet18", max_missing_bands=0)


def test_features_are_deterministic_and_computed_once(small, manifest, tmp_path, monkeypatch):
    path = tmp_path / "kept" / "embeddings.safetensors"
    first = stored_features(manifest, small, path)
    assert first.shape == (48, 2 * 512)
    np.testing.assert_allclose(compute_features(manifest, small), first, rtol=1e-5)
    monkeypatch.setattr(imagenet_features, "compute_features", None)
    np.testing.assert_array_equal(stored_features(manifest, small, path), first)


def test_unreadable_candidates_have_no_features(small, manifest):
    broken = replace(manifest, row=np.where(manifest.row == 3, 99, manifest.row))
    without_features = np.isnan(compute_features(broken, small)).all(axis=1)
    assert np.flatnonzero(without_features).tolist() == [3]


def test_without_imagenet_weights_it_raises_an_error(small, manifest, monkeypatch):
    monkeypatch.setattr(
        imagenet_features.imagenet_weights,
        "find",
        lambda *_, **__: InitialWeights("random", "Not in any folder."),
    )
    with pytest.raises(RunError, match=r"^Embeddings need ImageNet weights\. Not in any folder\.$"):
        compute_features(manifest, replace(small, pretrained=True))
