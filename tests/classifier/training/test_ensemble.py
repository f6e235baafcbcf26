"""Training follows its configuration, can be stopped and resumed, and repeats bit for bit."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from classifier import (
    DivergedError,
    Manifest,
    NotTrainable,
    PackError,
    RunError,
    TrainingConfig,
    predict,
    train,
)
from classifier.core.training_set import COLUMNS
from classifier.data.dataset import TrainingTensors, load_tensors
from classifier.nets.dual_backbone import DualBackbone
from classifier.nets.imagenet_weights import InitialWeights
from classifier.training.checkpoints import read_json
from classifier.training.member import finite_loss
from classifier.training.provenance import member_seed
from tests.classifier.conftest import stamps_of, write_manifest, write_pack


class Stopped(Exception):
    """What a caller raises to cancel."""


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    """A finished tiny run: its folder, its result, and what it reported."""
    config = TrainingConfig.from_dict(
        "quick",
        {"input_px": 32, "batches": 3, "batch_size": 4, "members": 2, "pretrained": False},
    )
    folder = tmp_path_factory.mktemp("run")
    reports = []
    manifest = Manifest.read(world / "training.csv", world / "packs")
    return folder, train(config, manifest, folder, reports.append), reports


def test_a_run_leaves_its_configuration_and_one_file_a_member(finished, manifest):
    folder, _, _ = finished
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "member-00.json",
        "member-00.safetensors",
        "member-01.json",
        "member-01.safetensors",
    ]
    written = read_json(folder / "config.json")
    assert written["config"]["batches"] == 3
    assert written["manifest_sha256"] == manifest.sha256
    assert written["weights"] == "random"


def test_the_result_describes_the_training(finished):
    _, result, _ = finished
    assert result.members == 2
    assert result.weights == "random"
    assert result.labelled == {"1": 8, "2": 8, "3": 8, "4": 8}
    assert result.left_out == 0
    assert result.seconds > 0
    assert [entry["batch"] for entry in result.history] == [[1, 2, 3]] * 2


def test_it_reports_from_preparation_to_the_last_batch(finished):
    _, _, reports = finished
    assert reports[0].stage == "prepare"
    last = reports[-1]
    assert (last.stage, last.member, last.batch, last.batches) == ("train", 1, 3, 3)
    assert last.loss > 0
    assert last.images_per_second > 0
    assert (last.seconds_left, last.fraction) == (0, 1)


def test_the_same_seed_gives_the_same_bits(finished, tiny, manifest, tmp_path):
    folder, result, _ = finished
    repeated = train(tiny, manifest, tmp_path)
    for name in ("member-00.safetensors", "member-01.safetensors"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert [entry["loss"] for entry in repeated.history] == [
        entry["loss"] for entry in result.history
    ]


def test_members_differ(finished):
    first, second = (load_file(finished[0] / f"member-0{member}.safetensors") for member in (0, 1))
    assert not torch.equal(first["head.weight"], second["head.weight"])


def test_a_finished_run_is_not_trained_again(finished, tiny, manifest):
    folder, result, _ = finished
    reports = []
    repeated = train(tiny, manifest, folder, reports.append)
    assert {progress.stage for progress in reports} == {"prepare"}
    assert repeated == replace(result, device=repeated.device)


def test_a_cancelled_run_resumes_to_the_same_networks(finished, tiny, manifest, tmp_path):
    def stop_in_the_second(progress):
        if progress.stage == "train" and progress.member == 1:
            raise Stopped

    with pytest.raises(Stopped):
        train(tiny, manifest, tmp_path, stop_in_the_second)
    assert not (tmp_path / "member-01.safetensors").exists()
    written_at = (tmp_path / "member-00.safetensors").stat().st_mtime_ns
    train(tiny, manifest, tmp_path)
    assert (tmp_path / "member-00.safetensors").stat().st_mtime_ns == written_at
    name = "member-01.safetensors"
    assert (tmp_path / name).read_bytes() == (finished[0] / name).read_bytes()


def test_a_folder_of_another_run_is_refused(finished, tiny, manifest):
    with pytest.raises(RunError, match="another configuration or manifest: train into an empty"):
        train(replace(tiny, seed=1), manifest, finished[0])


def test_a_run_can_be_continued_on_another_device(monkeypatch, tiny, manifest, tmp_path):
    monkeypatch.setattr("classifier.training.ensemble.choose_device", lambda _: torch.device("cpu"))
    for number, device in enumerate(["cuda:0", "cuda:1"]):
        result = train(replace(tiny, device=device), manifest, tmp_path, members=[number])
    assert result.members == 2
    assert read_json(tmp_path / "config.json")["config"]["device"] == "cuda:0"


def test_a_run_of_a_version_with_fewer_settings_is_continued(tiny, manifest, tmp_path):
    train(tiny, manifest, tmp_path, members=[0])
    path = tmp_path / "config.json"
    stored = json.loads(path.read_text())
    del stored["config"]["scaling_range"]
    path.write_text(json.dumps(stored))
    (tmp_path / "member-00.safetensors").unlink()
    assert train(tiny, manifest, tmp_path).members == 2
    assert len(predict(tmp_path, manifest).candidate) == len(manifest)
    with pytest.raises(RunError, match="another configuration"):
        train(replace(tiny, scaling_range="joint"), manifest, tmp_path)


def test_of_two_calls_at_once_the_second_uses_the_run_of_the_first(
    monkeypatch, tiny, manifest, tmp_path
):
    """Both start with an empty folder; only the first finds ImageNet weights."""
    first_config = {
        "format": "asterism-run/1",
        "config": tiny.to_dict(),
        "manifest_sha256": manifest.sha256,
        "weights": "imagenet",
        "weights_note": "",
    }

    def find(_):
        (tmp_path / "config.json").write_text(json.dumps(first_config))
        return InitialWeights("random", "There are none here.")

    monkeypatch.setattr("classifier.training.ensemble._find_weights", find)
    with pytest.raises(RunError, match=r"began with ImageNet weights\. There are none here"):
        train(tiny, manifest, tmp_path)
    assert read_json(tmp_path / "config.json") == first_config
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


@pytest.fixture
def small_device(monkeypatch):
    """A device that holds no more than two stamps."""

    def refuse(network, x_BCHW):
        if len(x_BCHW) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(network, x_BCHW)

    whole = DualBackbone.features
    monkeypatch.setattr(DualBackbone, "features", refuse)


@pytest.mark.usefixtures("small_device")
def test_batches_in_parts_are_reported(tiny, manifest, tmp_path):
    reports = []
    result = train(replace(tiny, members=1), manifest, tmp_path, reports.append)
    assert reports[-1].parts == 2
    assert result.to_dict()["parts"] == 2


@pytest.mark.usefixtures("small_device")
def test_a_device_too_small_for_any_part_is_refused(tiny, manifest, tmp_path):
    with pytest.raises(RunError, match=r"too small .* use another device, or a smaller batch_size"):
        train(replace(tiny, batch_size=3), manifest, tmp_path)


def test_stamps_that_do_not_fit_into_memory_are_refused(tiny, manifest, tmp_path, monkeypatch):
    def full(*_):
        raise MemoryError("Unable to allocate 20. TiB")

    monkeypatch.setattr("classifier.data.dataset.read_chunks", full)
    with pytest.raises(RunError, match="too small for the stamps of the training set"):
        train(tiny, manifest, tmp_path / "run")


def test_the_random_state_of_the_caller_is_restored(tiny, manifest, tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    train(replace(tiny, batches=1, members=1), manifest, tmp_path)
    assert torch.equal(torch.rand(2), expected)


def test_too_few_classes_create_no_files(tiny, tmp_path):
    path = write_manifest(tmp_path / "m.csv", [(1, "f", "1", "p.zarr", 0, "train", 2)])
    with pytest.raises(NotTrainable, match="only class 2"):
        train(tiny, Manifest.read(path, tmp_path), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_candidates_with_two_bands_missing_or_all_are_left_out(tiny, tmp_path):
    stamps = stamps_of([1, 2, 3, 4, 4])
    stamps[4] = float("nan")
    stamps[3, 1:3] = float("nan")
    stamps[2, 0] = float("nan")
    write_pack(tmp_path / "p.zarr", stamps)
    rows = [(i, "f", i, "p.zarr", i, "train", 1 + min(i, 3)) for i in range(5)]
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)
    result = train(replace(tiny, batches=1, members=1), manifest, tmp_path / "run")
    assert result.labelled == {"1": 1, "2": 1, "3": 1, "4": 0}
    assert result.left_out == 2


def test_a_missing_pack_stops_the_training(tiny, tmp_path):
    rows = [(i, "f", i, "gone.zarr", i, "train", i) for i in (1, 2)]
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)
    with pytest.raises(PackError, match=r"Candidate 1 has no stamps\. The stamp pack gone\.zarr"):
        train(tiny, manifest, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_pack_that_has_lost_a_file_stops_the_training(tiny, tmp_path):
    write_pack(tmp_path / "p.zarr", stamps_of([1, 2] * 128))
    (tmp_path / "p.zarr" / "stamps" / "c" / "1" / "0" / "0" / "0").unlink()
    rows = [(i, "f", i, "p.zarr", i, "train", 1 + i % 2) for i in range(256)]
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)
    with pytest.raises(PackError, match=r"Candidate 128 .*p\.zarr has lost row 128 on disk"):
        train(tiny, manifest, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_seeds_of_members_differ_within_and_between_runs():
    assert len({member_seed(seed, member) for seed in range(20) for member in range(20)}) == 400


def test_a_loss_that_is_not_finite_ends_the_run():
    with pytest.raises(DivergedError, match="lower learning_rate"):
        finite_loss(torch.tensor(float("nan")), member=0)


def test_counts_are_by_the_number_of_the_class():
    data = TrainingTensors(torch.empty(3, 5, 8, 8), torch.tensor([0, 3, 3]))
    assert data.counts(4) == {"1": 1, "2": 0, "3": 0, "4": 2}


def test_members_can_be_trained_apart(finished, tiny, manifest, tmp_path):
    assert train(tiny, manifest, tmp_path, members=[1]).members == 1
    assert not (tmp_path / "member-00.safetensors").exists()
    assert train(tiny, manifest, tmp_path, members=[0]).members == 2
    for name in ("member-00.safetensors", "member-01.safetensors"):
        assert (tmp_path / name).read_bytes() == (finished[0] / name).read_bytes()


def test_numbers_beyond_the_members_create_no_files(tiny, manifest, tmp_path):
    with pytest.raises(ValueError, match=r"members must be 0 to 1, not 2"):
        train(tiny, manifest, tmp_path / "run", members=[0, 2])
    assert not (tmp_path / "run").exists()


def test_the_shares_of_the_votes_come_from_the_manifest(tiny, tmp_path):
    write_pack(tmp_path / "p.zarr", stamps_of([1, 2, 3]))
    header = [*COLUMNS, "n_class1", "n_class2", "n_class3", "n_class4"]
    votes = [(3, 1, 0, 0), (0, 0, 0, 0), ("", "", 2, "")]
    rows = [(i, "f", i, "p.zarr", i, "train", i + 1, *counts) for i, counts in enumerate(votes)]
    (tmp_path / "m.csv").write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]))
    manifest = Manifest.read(tmp_path / "m.csv", tmp_path)
    data = load_tensors(manifest, replace(tiny, soft_labels=True), lambda _: None)
    expected = [[0.75, 0.25, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    torch.testing.assert_close(data.targets, torch.tensor(expected))
    assert data.labels.tolist() == [0, 1, 2]


def test_soft_labels_need_votes(tiny, manifest, tmp_path):
    with pytest.raises(NotTrainable, match="needs the columns n_class1 to n_class4"):
        train(replace(tiny, soft_labels=True), manifest, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"crop_px": (25, 100)},
        {"dihedral": True, "average": 0.9, "layer_decay": 0.7, "head_batches": 1},
        {"backbone": "starcnet", "stamp_px": 32},
        {"backbone": "efficientnet_lite0", "pretrained": True},
        {"bands": ("V",), "max_missing_bands": 0, "classes": 6},
    ],
)
def test_options_beyond_the_paper_run(settings, tiny, manifest, tmp_path):
    config = replace(tiny, members=1, batches=2, **settings)
    result = train(config, manifest, tmp_path)
    assert len(result.history[0]["loss"]) == 2
    predictions = predict(tmp_path, manifest)
    assert predictions.probability.shape == (48, config.classes)
    np.testing.assert_allclose(predictions.probability.sum(axis=1), 1, atol=1e-12)
