"""Features before any training: the same twice, kept once, and none where there are no stamps."""

from dataclasses import replace

import numpy as np
import pytest

from classifier import RunError
from classifier.active import imagenet_features
from classifier.active.imagenet_features import embed, embed_once
from classifier.nets.imagenet_weights import InitialWeights


@pytest.fixture
def small(tiny):
    return replace(tiny, backbone="resnet18", max_missing_bands=0)


def test_features_are_the_same_twice_and_made_once(small, manifest, tmp_path, monkeypatch):
    path = tmp_path / "kept" / "embeddings.safetensors"
    first = embed_once(manifest, small, path)
    assert first.shape == (48, 2 * 512)
    np.testing.assert_allclose(embed(manifest, small), first, rtol=1e-5)
    monkeypatch.setattr(imagenet_features, "embed", None)
    np.testing.assert_array_equal(embed_once(manifest, small, path), first)


def test_what_cannot_be_read_has_none(small, manifest):
    broken = replace(manifest, row=np.where(manifest.row == 3, 99, manifest.row))
    found = np.isnan(embed(broken, small)).all(axis=1)
    assert np.flatnonzero(found).tolist() == [3]


def test_without_imagenet_there_is_one_sentence(small, manifest, monkeypatch):
    monkeypatch.setattr(
        imagenet_features.imagenet_weights,
        "find",
        lambda *_, **__: InitialWeights("random", "Not in any folder."),
    )
    with pytest.raises(RunError, match=r"^Embeddings need ImageNet weights\. Not in any folder\.$"):
        embed(manifest, replace(small, pretrained=True))
