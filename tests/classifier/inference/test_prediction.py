"""Predictions of a finished run: probabilities, uncertainty, files, and refused input."""

import hashlib
import json
import math
import shutil
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch
import zarr

from classifier import Manifest, Predictions, RunError, TrainingConfig, evaluate, predict, train
from classifier.core.uncertainty import entropy
from classifier.inference import batches
from classifier.inference.batches import predict_batches, prediction_batch_size
from classifier.inference.members import has_room
from classifier.nets.dual_backbone import DualBackbone
from classifier.training import checkpoints
from tests.classifier.conftest import stamps_of, write_manifest, write_pack


@pytest.fixture(scope="module")
def run(world, tmp_path_factory):
    """A run long enough to learn the four shapes of the small world."""
    overrides = {"input_px": 32, "stamp_px": 40, "batches": 30, "batch_size": 8, "members": 2}
    config = TrainingConfig.from_dict("quick", overrides | {"pretrained": False})
    folder = tmp_path_factory.mktemp("run")
    train(config, Manifest.read(world / "training.csv", world / "packs"), folder)
    return folder


def made_up(member_probability):
    probability = np.array(member_probability, dtype=float)
    count = probability.shape[1]
    return Predictions(np.arange(count), probability, np.zeros(count, dtype=int), [])


def test_it_learns_shapes_that_differ(run, manifest):
    figures = evaluate(predict(run, manifest), manifest)
    assert figures.count == 16
    assert figures.accuracy.value >= 0.75


def test_every_candidate_is_classified_by_every_member(run, manifest):
    reports = []
    predictions = predict(run, manifest, reports.append)
    assert predictions.candidate.tolist() == manifest.candidate.tolist()
    assert predictions.member_probability.shape == (2, 48, 4)
    np.testing.assert_allclose(predictions.member_probability.sum(axis=2), 1, atol=1e-12)
    assert predictions.unreadable == []
    assert {progress.stage for progress in reports} == {"predict"}


def test_it_is_deterministic(run, manifest):
    first, second = (predict(run, manifest).member_probability for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_unreadable_candidates_are_listed_and_the_rest_classified(run, tmp_path):
    write_pack(tmp_path / "p.zarr", stamps_of([1, 2]))
    rows = [(7, "f", 1, "p.zarr", 0, "train", 1), (8, "f", 2, "p.zarr", 5, "train", "")]
    rows.append((9, "f", 3, "gone.zarr", 0, "control", ""))
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)
    predictions = predict(run, manifest)
    assert predictions.candidate.tolist() == [7]
    reasons = dict(predictions.unreadable)
    assert "has no row 5" in reasons[8]
    assert "gone.zarr is not in" in reasons[9]


def test_candidates_whose_rows_are_lost_on_disk_are_listed(run, tmp_path):
    write_pack(tmp_path / "p.zarr", stamps_of([1, 2] * 128))
    (tmp_path / "p.zarr" / "stamps" / "c" / "1" / "0" / "0" / "0").unlink()
    rows = [(i, "f", i, "p.zarr", i, "control", 1 + i % 2) for i in (0, 127, 128, 255)]
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)
    predictions = predict(run, manifest)
    assert predictions.candidate.tolist() == [0, 127]
    assert predictions.unreadable == [
        (row, f"The stamp pack p.zarr has lost row {row} on disk: restore the pack.")
        for row in (128, 255)
    ]


def test_entropy_of_the_mean_is_in_nats():
    predictions = made_up([[[1, 0, 0, 0], [0.25] * 4], [[0, 1, 0, 0], [0.25] * 4]])
    np.testing.assert_allclose(predictions.entropy, [math.log(2), math.log(4)], rtol=1e-12)
    assert entropy(np.array([[1.0, 0, 0, 0]])) == 0


def test_agreement_is_the_share_of_members_with_the_means_class():
    sure, elsewhere = [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]
    predictions = made_up([[sure, sure], [sure, sure], [elsewhere, sure]])
    np.testing.assert_allclose(predictions.agreement, [2 / 3, 1])
    assert predictions.label.tolist() == [1, 1]


def test_predictions_are_read_as_written(tmp_path):
    written = replace(made_up([[[0.7, 0.1, 0.1, 0.1]]]), unreadable=[(5, "gone")], parts=2)
    written.write(tmp_path / "p.safetensors")
    result = Predictions.read(tmp_path / "p.safetensors")
    np.testing.assert_array_equal(result.member_probability, written.member_probability)
    assert result.unreadable == [(5, "gone")]
    assert result.parts == 2


def test_predictions_in_any_memory_order_are_read_as_written(tmp_path):
    member_probability = np.random.default_rng(0).dirichlet(np.ones(4), (3, 5))
    for name, reports in {
        "selected": member_probability[:, np.array([True, True, False, True, True])],
        "fortran": np.asfortranarray(member_probability),
        "backwards": member_probability[:, ::-1],
    }.items():
        replace(made_up(reports.tolist()), member_probability=reports).write(tmp_path / name)
        result = Predictions.read(tmp_path / name).member_probability
        np.testing.assert_array_equal(result, reports)


def test_another_file_holds_no_predictions(tmp_path):
    (tmp_path / "p.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(ValueError, match="does not hold predictions"):
        Predictions.read(tmp_path / "p.safetensors")


def test_a_device_without_memory_for_one_stamp_is_refused(run, manifest, monkeypatch):
    def full(network, x_BCHW):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(DualBackbone, "features", full)
    with pytest.raises(RunError, match="use another device, or a smaller batch_size"):
        predict(run, manifest)


@pytest.mark.parametrize(("room", "times"), [(True, 1), (False, 3)])
def test_members_are_read_once_where_there_is_room(run, manifest, monkeypatch, room, times):
    expected = predict(run, manifest).member_probability
    read, real = [], checkpoints.load_member
    monkeypatch.setattr("classifier.inference.members.has_room", lambda *_: room)
    monkeypatch.setattr(checkpoints, "load_member", lambda *a: read.append(a[1]) or real(*a))
    monkeypatch.setattr("classifier.inference.prediction.CHUNK", 16)
    monkeypatch.setattr("classifier.data.stamps.CHUNK", 16)
    result = predict(run, manifest, at_a_time=16)
    np.testing.assert_allclose(result.member_probability, expected, atol=0.02)
    assert read == [0, 1] * times


def test_the_host_never_has_room_for_all():
    assert not has_room(torch.device("cpu"), 0)


def test_a_prediction_draws_no_random_numbers(run, manifest):
    state = torch.get_rng_state()
    predict(run, manifest)
    assert torch.equal(torch.get_rng_state(), state)


def test_an_unfinished_run_is_refused(run, manifest, tmp_path):
    shutil.copy(run / "config.json", tmp_path)
    with pytest.raises(RunError, match=r"unfinished, member-00\.safetensors is missing"):
        predict(tmp_path, manifest)


def test_a_folder_without_a_run_is_refused(manifest, tmp_path):
    with pytest.raises(RunError, match=r"holds no training run: config\.json is missing"):
        predict(tmp_path, manifest)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b'{"format": "other"}', "in another format"),
        (b'{"format": "asterism-run/1"}', "is not a run's"),
    ],
)
def test_a_foreign_configuration_is_refused(manifest, tmp_path, content, words):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(RunError, match=words):
        predict(tmp_path, manifest)


def remove_provenance(folder):
    """Rewrite the members of a run as earlier versions wrote them."""
    for path in folder.glob("member-*.safetensors"):
        tensors = safetensors.torch.load_file(path)
        safetensors.torch.save_file(tensors, path, {"format": "asterism-run/1"})
        history = json.loads(path.with_suffix(".json").read_text())
        history["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_suffix(".json").write_text(json.dumps(history))


def test_members_of_an_earlier_version_are_accepted(run, manifest, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    remove_provenance(tmp_path / "run")
    np.testing.assert_array_equal(
        predict(tmp_path / "run", manifest).member_probability,
        predict(run, manifest).member_probability,
    )


@pytest.mark.parametrize(("seed", "member", "of"), [(1, 0, "run"), (0, 1, "member")])
def test_a_member_of_another_run_is_refused(run, manifest, tmp_path, seed, member, of):
    shutil.copytree(run, tmp_path / "run")
    settings = json.loads((run / "config.json").read_text())
    settings["config"]["seed"] = seed
    (tmp_path / "run" / "config.json").write_text(json.dumps(settings))
    for suffix in ("safetensors", "json"):
        shutil.copy(run / f"member-0{member}.{suffix}", tmp_path / "run" / f"member-00.{suffix}")
    with pytest.raises(RunError, match=rf"member-00\.safetensors belongs to another {of}"):
        predict(tmp_path / "run", manifest)


def test_weights_of_another_network_are_refused(run, manifest, tmp_path):
    settings = json.loads((run / "config.json").read_text())
    settings["config"] |= {"bands": ["V"], "max_missing_bands": 0}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    for path in run.glob("member-*"):
        shutil.copy(path, tmp_path)
    remove_provenance(tmp_path)
    missing = r"does not hold the weights of this network \(Unexpected key.*backbones\.1"
    with pytest.raises(RunError, match=missing) as refused:
        predict(tmp_path, manifest)
    assert "size mismatch for backbones.0.conv1.weight" in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_member_without_finite_probabilities_is_named(run, manifest, monkeypatch):
    def spoilt(directory, member, network):
        real(directory, member, network)
        if member == 1:
            torch.nn.init.constant_(network.head.bias, math.nan)

    real = checkpoints.load_member
    monkeypatch.setattr(checkpoints, "load_member", spoilt)
    with pytest.raises(RunError, match=r"member-01\.safetensors gives probabilities that are not"):
        predict(run, manifest)


def test_a_pickle_is_not_loaded(run, manifest, tmp_path):
    shutil.copytree(run, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "member-00.safetensors"
    torch.save({"head.weight": torch.zeros(4, 4)}, path)
    history = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(history))
    with pytest.raises(RunError, match="does not hold the weights of this network"):
        predict(tmp_path, manifest)


def test_mutual_information_is_zero_if_the_members_agree():
    even = [0.25] * 4
    predictions = made_up([[[1, 0, 0, 0], even], [[0, 1, 0, 0], even]])
    np.testing.assert_allclose(predictions.mutual_information, [math.log(2), 0], atol=1e-12)


def test_eight_orientations_make_a_candidate_and_its_mirror_image_alike(run, tmp_path):
    stamps = stamps_of([2, 3])
    write_pack(tmp_path / "p.zarr", np.concatenate([stamps, stamps[..., ::-1].swapaxes(2, 3)]))
    rows = [(i, "f", i, "p.zarr", i, "control", "") for i in range(4)]
    manifest = Manifest.read(write_manifest(tmp_path / "m.csv", rows), tmp_path)
    shutil.copytree(run, tmp_path / "run")
    remove_provenance(tmp_path / "run")
    settings = json.loads((run / "config.json").read_text())
    settings["config"] |= {"dihedral": True, "precision": "float32"}
    (tmp_path / "run" / "config.json").write_text(json.dumps(settings))
    p = predict(tmp_path / "run", manifest).probability
    np.testing.assert_allclose(p[:2], p[2:], atol=1e-4)


def test_embeddings_are_the_input_of_the_heads(run, manifest, tmp_path):
    predictions = predict(run, manifest, embeddings=tmp_path / "e.zarr", at_a_time=16)
    group = zarr.open_group(tmp_path / "e.zarr", mode="r")
    assert group["candidate"][:].tolist() == manifest.candidate.tolist()
    assert group["features"].shape == (2, 48, 1024)
    head = safetensors.torch.load_file(run / "member-01.safetensors")
    features = torch.from_numpy(group["features"][1].astype(np.float32))
    logits = features @ head["head.weight"].T + head["head.bias"]
    result = logits.softmax(dim=1).numpy()
    np.testing.assert_allclose(result, predictions.member_probability[1], atol=2e-3)


def test_weights_that_were_changed_are_refused(run, manifest, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    path = tmp_path / "run" / "member-01.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"member-01\.safetensors is not what was written"):
        predict(tmp_path / "run", manifest)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (torch.OutOfMemoryError, "CUDA out of memory."),
        (RuntimeError, "[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_small_device_predicts_in_parts(run, manifest, monkeypatch, kind, says):
    expected = predict(run, manifest).member_probability
    whole, tried, alive = DualBackbone.features, [], []

    def small(network, x_BCHW):
        # The memory of a failed batch is free before the next.
        assert not [reference for reference in alive if reference() is not None]
        tried.append(len(x_BCHW))
        if len(x_BCHW) > 3:
            alive.append(weakref.ref(x_BCHW))
            raise kind(says)
        return whole(network, x_BCHW)

    monkeypatch.setattr(DualBackbone, "features", small)
    reports = []
    result = predict(run, manifest, reports.append)
    np.testing.assert_allclose(result.member_probability, expected, atol=0.02)
    assert result.unreadable == []
    assert result.parts == reports[-1].parts == 4
    # Each of the two members finds the size that fits once, and keeps it.
    failed = [size > 3 for size in tried]
    of_one = failed[: len(failed) // 2]
    assert failed == 2 * of_one
    assert of_one == sorted(of_one, reverse=True)


def test_batches_on_a_gpu_are_larger_than_in_training():
    config = TrainingConfig(batch_size=32)
    assert prediction_batch_size(config, torch.device("cpu")) == 32
    assert prediction_batch_size(config, torch.device("cuda")) == 256
    assert prediction_batch_size(replace(config, batch_size=512), torch.device("cuda")) == 512


def test_the_remainder_comes_in_batches_of_the_training_size(monkeypatch):
    config = TrainingConfig(batch_size=4)
    monkeypatch.setattr(batches, "prediction_batch_size", lambda config, device: 10)
    reports = []

    def answered(network, stamps, config):
        reports.append(len(stamps))
        return stamps, stamps

    monkeypatch.setattr(batches, "_predict_batch", answered)
    stamps = torch.arange(27.0)[:, None]
    network = SimpleNamespace(head=torch.nn.Linear(1, 1))
    result = torch.cat([answer for _, answer in predict_batches(network, stamps, config)])
    assert reports == [10, 10, 4, 3]
    torch.testing.assert_close(result, stamps)


def test_results_are_copied_once_for_all_batches(run, manifest, monkeypatch):
    fetched, fetch = [], torch.Tensor.cpu

    def counted(tensor):
        fetched.append(len(tensor))
        return fetch(tensor)

    monkeypatch.setattr(torch.Tensor, "cpu", counted)
    predict(run, manifest)
    # Features and probabilities of each of two members; batches are of 8.
    assert fetched == [48] * 4
