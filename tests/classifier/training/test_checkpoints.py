"""Checkpoints: an interrupted member continues to the same weights; others' are refused."""

import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from classifier import RunError, train
from classifier.training import checkpoints
from classifier.training.provenance import Provenance


class Killed(Exception):
    """The end of a worker, between two batches."""


@pytest.fixture
def config(tiny):
    """Everything that has a state: dropout, rates by layer and by batch, averaged weights."""
    return replace(
        tiny,
        backbone="starcnet",
        members=1,
        batches=7,
        layer_decay=0.9,
        schedule="cosine",
        average=0.9,
        head_batches=2,
        crop_px=(25, 50),
    )


def provenance(folder, member=0):
    return Provenance.of(checkpoints.read_json(folder / "config.json"), member)


def load_checkpoint(folder):
    return checkpoints.load_checkpoint(folder, provenance(folder))


def killed_after(monkeypatch, batch):
    """Return a callback that ends the training after so many batches."""

    def report(progress):
        if progress.stage == "train" and progress.batch == batch:
            raise Killed

    monkeypatch.setattr("classifier.runtime.progress.REPORT_INTERVAL_S", 0)
    return report


def interrupted(monkeypatch, config, manifest, folder, batch, every=1):
    with pytest.raises(Killed):
        train(config, manifest, folder, killed_after(monkeypatch, batch), checkpoint_batches=every)


@pytest.mark.parametrize("batch", [2, 5])
def test_it_continues_to_the_same_weights(monkeypatch, config, manifest, tmp_path, batch):
    whole = train(config, manifest, tmp_path / "whole")
    monkeypatch.setattr("classifier.training.member.CHECKPOINT_RATIO", 0)
    interrupted(monkeypatch, config, manifest, tmp_path / "run", batch)
    state, _ = load_checkpoint(tmp_path / "run")
    assert state["done"].tolist() == [batch, 1]
    resumed = train(config, manifest, tmp_path / "run")
    for name, tensor in load_file(tmp_path / "whole/member-00.safetensors").items():
        assert torch.equal(load_file(tmp_path / "run/member-00.safetensors")[name], tensor)
    assert resumed.history[0]["loss"] == whole.history[0]["loss"]


def test_batches_since_the_last_checkpoint_are_repeated(monkeypatch, config, manifest, tmp_path):
    interrupted(monkeypatch, config, manifest, tmp_path, 5, every=3)
    state, seconds = load_checkpoint(tmp_path)
    assert state["done"].tolist() == [3, 1]
    assert seconds > 0
    reports = []
    result = train(config, manifest, tmp_path, reports.append)
    assert [progress.batch for progress in reports if progress.stage == "train"] == [4, 5, 6, 7]
    assert reports[-1].fraction == 1
    assert result.seconds > seconds


def test_a_finished_member_needs_no_checkpoint(config, manifest, tmp_path):
    train(config, manifest, tmp_path, checkpoint_batches=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.json",
        "member-00.json",
        "member-00.safetensors",
    ]


def test_checkpoints_take_at_most_a_twentieth_of_the_time(monkeypatch, config, manifest, tmp_path):
    written = []
    monkeypatch.setattr(
        "classifier.training.checkpoints.save_checkpoint", lambda *_: written.append(True)
    )
    monkeypatch.setattr("classifier.training.member.CHECKPOINT_RATIO", 1e9)
    train(config, manifest, tmp_path, checkpoint_batches=1)
    assert len(written) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no tensors", "is no checkpoint"), (None, r"of this network \(Missing .*head\.weight")],
)
def test_it_refuses_another_file_or_network(
    monkeypatch, config, manifest, tmp_path, content, reason
):
    interrupted(monkeypatch, config, manifest, tmp_path, 1)
    path = tmp_path / "member-00.checkpoint"
    if content:
        path.write_bytes(content)
    else:
        state, seconds = load_checkpoint(tmp_path)
        del state["network.head.weight"]
        save_file(state, path, provenance(tmp_path).to_metadata() | {"seconds": str(seconds)})
    with pytest.raises(RunError, match=reason):
        train(config, manifest, tmp_path)


def test_it_refuses_the_checkpoint_of_another_run(monkeypatch, config, manifest, tmp_path):
    interrupted(monkeypatch, replace(config, seed=1), manifest, tmp_path / "other", 1)
    interrupted(monkeypatch, config, manifest, tmp_path / "run", 1)
    shutil.copy(tmp_path / "other/member-00.checkpoint", tmp_path / "run")
    with pytest.raises(RunError, match=r"member-00\.checkpoint belongs to another run: delete it"):
        train(config, manifest, tmp_path / "run")


def test_it_refuses_a_checkpoint_without_provenance(monkeypatch, config, manifest, tmp_path):
    interrupted(monkeypatch, config, manifest, tmp_path, 1)
    state, seconds = load_checkpoint(tmp_path)
    save_file(state, tmp_path / "member-00.checkpoint", {"seconds": str(seconds)})
    with pytest.raises(RunError, match="is no checkpoint of this version"):
        train(config, manifest, tmp_path)
