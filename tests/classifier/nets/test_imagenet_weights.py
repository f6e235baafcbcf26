"""ImageNet weights are found in a folder, the cache or on a server, and always checked."""

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch

from classifier.nets import imagenet_weights
from classifier.nets.backbones import BACKBONES

CONTENT = b"weights"
NAME = f"net-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
URL = f"https://weights.invalid/models/{NAME}"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache of torch, no folder, and no network."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    monkeypatch.delenv(imagenet_weights.FOLDER, raising=False)
    monkeypatch.setenv(imagenet_weights.MIRROR, "http://127.0.0.1:9")
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a server of weights on this machine."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(imagenet_weights.MIRROR, f"http://127.0.0.1:{server.server_port}/")
        yield folder
        server.shutdown()


def test_a_folder_comes_first(tmp_path, cache, monkeypatch):
    for folder in (tmp_path / "mine", cache):
        folder.mkdir(parents=True)
        (folder / NAME).write_bytes(CONTENT)
    monkeypatch.setenv(imagenet_weights.FOLDER, str(tmp_path / "mine"))
    weights = imagenet_weights.find(URL)
    assert weights == imagenet_weights.InitialWeights(
        "imagenet", f"ImageNet weights from {tmp_path / 'mine' / NAME}.", tmp_path / "mine" / NAME
    )
    assert imagenet_weights.find(URL, tmp_path / "mine") == weights


def test_the_cache_comes_next(cache):
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(CONTENT)
    assert imagenet_weights.find(URL).path == cache / NAME


def test_then_they_are_downloaded_into_the_cache(mirror, cache):
    (mirror / NAME).write_bytes(CONTENT)
    weights = imagenet_weights.find(URL)
    assert weights.kind == "imagenet"
    assert weights.path == cache / NAME
    assert (cache / NAME).read_bytes() == CONTENT


def test_a_download_with_another_checksum_is_not_stored(mirror, cache):
    (mirror / NAME).write_bytes(b"something else")
    weights = imagenet_weights.find(URL)
    assert weights.kind == "random"
    assert "does not match its checksum" in weights.note
    assert not (cache / NAME).exists()


def test_a_file_with_another_checksum_is_skipped(mirror, tmp_path):
    (tmp_path / NAME).write_bytes(b"cut short")
    (mirror / NAME).write_bytes(CONTENT)
    assert imagenet_weights.find(URL, tmp_path).kind == "imagenet"


def test_without_weights_the_note_has_the_reasons_and_the_remedy(tmp_path):
    weights = imagenet_weights.find(URL, tmp_path)
    assert weights.kind == "random"
    assert weights.path is None
    assert f"it is not in {tmp_path};" in weights.note
    assert f"not be downloaded from http://127.0.0.1:9/{NAME} (Connection refused)." in weights.note
    assert f"put {NAME} into the folder that ASTERISM_WEIGHTS names" in weights.note


@pytest.mark.parametrize("backbone", [name for name, entry in BACKBONES.items() if entry.url])
def test_the_address_of_every_backbone_has_a_checksum(backbone):
    assert re.search(r"-[0-9a-f]{8}\.pth$", BACKBONES[backbone].url)
