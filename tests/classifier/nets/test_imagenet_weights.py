"""ImageNet weights come from a folder, the cache or a server, never unchecked."""

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
    """An empty cache of torch, no folder, and no way out to the network."""
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
    found = imagenet_weights.find(URL)
    assert found == imagenet_weights.InitialWeights(
        "imagenet", f"ImageNet weights from {tmp_path / 'mine' / NAME}.", tmp_path / "mine" / NAME
    )
    assert imagenet_weights.find(URL, tmp_path / "mine") == found


def test_the_cache_comes_next(cache):
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(CONTENT)
    assert imagenet_weights.find(URL).path == cache / NAME


def test_then_they_are_downloaded_into_the_cache(mirror, cache):
    (mirror / NAME).write_bytes(CONTENT)
    found = imagenet_weights.find(URL)
    assert found.kind == "imagenet"
    assert found.path == cache / NAME
    assert (cache / NAME).read_bytes() == CONTENT


def test_a_download_that_does_not_match_is_not_kept(mirror, cache):
    (mirror / NAME).write_bytes(b"something else")
    found = imagenet_weights.find(URL)
    assert found.kind == "random"
    assert "does not match its checksum" in found.note
    assert not (cache / NAME).exists()


def test_a_file_that_does_not_match_is_passed_over(mirror, tmp_path):
    (tmp_path / NAME).write_bytes(b"cut short")
    (mirror / NAME).write_bytes(CONTENT)
    assert imagenet_weights.find(URL, tmp_path).kind == "imagenet"


def test_without_any_the_note_says_what_was_tried_and_what_to_do(tmp_path):
    found = imagenet_weights.find(URL, tmp_path)
    assert found.kind == "random"
    assert found.path is None
    assert f"not in {tmp_path}" in found.note
    assert "no download from http://127.0.0.1:9/" in found.note
    assert f"put {NAME} into the folder ASTERISM_WEIGHTS" in found.note


@pytest.mark.parametrize("backbone", [name for name, entry in BACKBONES.items() if entry.url])
def test_the_address_of_every_backbone_carries_a_checksum(backbone):
    assert re.search(r"-[0-9a-f]{8}\.pth$", BACKBONES[backbone].url)
