"""`python -m classifier`: its verbs, and one sentence for bad input."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from classifier import predict
from classifier.__main__ import main
from classifier.inference.embeddings import Embeddings
from classifier.nets.dual_backbone import DualBackbone
from tests.classifier.conftest import write_manifest


def arguments(verb, world, run):
    return [verb, str(world / "training.csv"), "--packs", str(world / "packs"), "--run", str(run)]


def test_train_predict_evaluate(world, tmp_path, capsys):
    settings = ["input_px=32", "batches=2", "batch_size=4", "members=1", "pretrained=false"]
    run, table = tmp_path / "run", tmp_path / "p.csv"
    options = [word for setting in settings for word in ("--set", setting)]
    assert main([*arguments("train", world, run), *options]) == 0
    assert json.loads(capsys.readouterr().out)["members"] == 1
    assert main([*arguments("predict", world, run), "--output", str(table)]) == 0
    rows = list(csv.DictReader(table.open()))
    assert len(rows) == 48
    assert (tmp_path / "p.unreadable.csv").read_text().split() == ["candidate,reason"]
    assert sum(float(rows[0][f"p_class{label}"]) for label in (1, 2, 3, 4)) == pytest.approx(1)
    figures = tmp_path / "figures"
    assert main([*arguments("evaluate", world, run), "--figures", str(figures)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["count"] == shown["calibration"]["count"] == 16
    assert {path.suffix for path in figures.glob("confusion.*")} == {".pdf", ".png", ".svg", ".csv"}
    assert main([*arguments("compare", world, run), "--other", str(run)]) == 0
    assert json.loads(capsys.readouterr().out)["overall"]["difference"] == 0


SMALL = ["input_px=32", "batches=1", "batch_size=4", "members=1", "pretrained=false"]


def small():
    return [word for setting in SMALL for word in ("--set", setting)]


def test_it_trains_the_members_that_are_named(world, tmp_path, capsys):
    options = [*small(), "--set", "members=4", "--members", "0,2-3"]
    assert main([*arguments("train", world, tmp_path), *options]) == 0
    assert json.loads(capsys.readouterr().out)["members"] == 3
    assert not (tmp_path / "member-01.safetensors").exists()


def test_it_says_that_batches_are_computed_in_parts(world, tmp_path, capsys, monkeypatch):
    whole = DualBackbone.features

    def little(network, x_BCHW):
        if len(x_BCHW) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(network, x_BCHW)

    monkeypatch.setattr(DualBackbone, "features", little)
    assert main([*arguments("train", world, tmp_path), *small()]) == 0
    assert "it was computed in 2 parts" in capsys.readouterr().err
    assert main([*arguments("evaluate", world, tmp_path)]) == 0
    assert "it was computed in 2 parts" in capsys.readouterr().err


def test_an_experiment_leaves_a_report_and_figures(world, tmp_path, capsys):
    folder = tmp_path / "sources"
    second_csv = tmp_path / "other.csv"
    second_csv.write_text((world / "training.csv").read_text().replace(",train,2", ",train,1"))
    options = ["--kind", "sources", "--source", f"ada={second_csv}", *small()]
    assert main([*arguments("experiment", world, folder), *options]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("ada: ")
    report = json.loads((folder / "report.json").read_text())
    assert list(report["differs"]) == ["training_set_sha256"]
    assert [arm["labels"]["1"] for arm in report["arms"]] == [8, 16]
    assert report["judged_by_each"]["count"] == 16
    assert (folder / "arms.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--kind", "sources"], "compares two training sets or more: add --source."),
        (["--kind", "sources", "--source", "training=SET"], "are called 'training'"),
        (["--kind", "sources", "--source", "a=SET", "--source", "a=SET"], "are called 'a'"),
        (["--kind", "filters", "--source", "a=SET"], "--source needs --kind sources"),
    ],
)
def test_sources_that_cannot_be_compared_are_refused(world, tmp_path, capsys, options, words):
    options = [word.replace("SET", str(world / "training.csv")) for word in options]
    folder = tmp_path / "sources"
    assert main([*arguments("experiment", world, folder), *options, *small()]) == 2
    assert words in capsys.readouterr().err
    assert not folder.exists()


def test_no_arm_is_trained_if_one_of_them_cannot_be(world, tmp_path, capsys):
    second_csv = write_manifest(tmp_path / "other.csv", [(1, "f", 1, "blobs.zarr", 0, "train", 2)])
    options = ["--kind", "sources", "--source", f"other={second_csv}", *small()]
    assert main([*arguments("experiment", world, tmp_path / "sources"), *options]) == 2
    assert "The arm other cannot be trained." in capsys.readouterr().err
    assert not (tmp_path / "sources").exists()


@pytest.fixture
def run(world, tmp_path):
    """The folder of a small run that is trained."""
    assert main([*arguments("train", world, tmp_path / "run"), *small()]) == 0
    return tmp_path / "run"


def test_it_writes_the_embeddings_that_a_worker_writes(world, run, manifest, tmp_path):
    output = ["--output", str(tmp_path / "p.csv")]
    options = [*output, "--embeddings", str(tmp_path / "e.zarr")]
    assert main([*arguments("predict", world, run), *options]) == 0
    predict(run, manifest, embeddings=tmp_path / "other.zarr")
    result, expected = (Embeddings.read(tmp_path / name) for name in ("e.zarr", "other.zarr"))
    assert result.features.dtype == np.float16
    np.testing.assert_array_equal(result.candidate, expected.candidate)
    np.testing.assert_array_equal(result.features[:], expected.features[:])


def test_embeddings_do_not_replace_another_file(world, run, tmp_path, capsys):
    options = ["--output", str(tmp_path / "p.csv"), "--embeddings", str(run)]
    assert main([*arguments("predict", world, run), *options]) == 2
    assert "name a new folder" in capsys.readouterr().err
    assert (run / "config.json").exists()


def test_a_temperature_changes_probabilities_but_not_the_class(world, run, tmp_path):
    plain, warm = tmp_path / "p.csv", tmp_path / "t.csv"
    assert main([*arguments("predict", world, run), "--output", str(plain)]) == 0
    options = ["--output", str(warm), "--temperature", "2"]
    assert main([*arguments("predict", world, run), *options]) == 0
    for cold, row in zip(*(list(csv.DictReader(t.open())) for t in (plain, warm)), strict=True):
        p, q = (
            np.array([float(one[f"p_class{label}"]) for label in (1, 2, 3, 4)])
            for one in (cold, row)
        )
        assert q == pytest.approx(np.sqrt(p) / np.sqrt(p).sum(), abs=1e-5)
        assert float(row["entropy_nats"]) == pytest.approx(-(q * np.log(q)).sum())
        same = ("candidate", "class", "mutual_information_nats", "agreement")
        assert [row[name] for name in same] == [cold[name] for name in same]


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "warm"])
def test_it_rejects_a_temperature_that_is_not_positive(world, run, tmp_path, capsys, value):
    with pytest.raises(SystemExit):
        options = ["--output", str(tmp_path / "p.csv"), f"--temperature={value}"]
        main([*arguments("predict", world, run), *options])
    assert "a temperature is a number above 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "words"), [("gone/p.csv", "gone for p.csv does not exist"), (".", "is a folder")]
)
def test_it_checks_that_it_can_write_before_it_predicts(
    world, run, tmp_path, capsys, monkeypatch, output, words
):
    monkeypatch.setattr("classifier.predict", None)
    options = ["--output", str(tmp_path / output)]
    assert main([*arguments("predict", world, run), *options]) == 2
    assert words in capsys.readouterr().err


def test_predictions_are_written_atomically(world, run, tmp_path, monkeypatch):
    def full(path, target):
        raise OSError("No space left on device")

    (tmp_path / "p.csv").write_text("older")
    monkeypatch.setattr(Path, "replace", full)
    options = ["--output", str(tmp_path / "p.csv")]
    assert main([*arguments("predict", world, run), *options]) == 2
    assert (tmp_path / "p.csv").read_text() == "older"


def test_it_lists_unreadable_candidates(world, run, tmp_path, capsys):
    rows = [(7, "f", 1, "blobs.zarr", 0, "train", 1), (8, "f", 2, "gone.zarr", 0, "train", "")]
    manifest = write_manifest(tmp_path / "m.csv", rows)
    options = ["--packs", str(world / "packs"), "--run", str(run)]
    table = tmp_path / "p.csv"
    assert main(["predict", str(manifest), *options, "--output", str(table)]) == 0
    assert [row["candidate"] for row in csv.DictReader(table.open())] == ["7"]
    (lost,) = csv.DictReader((tmp_path / "p.unreadable.csv").open())
    assert lost["candidate"] == "8"
    assert "gone.zarr is not in" in lost["reason"]
    warning = "1 of 2 candidates could not be read; "
    assert f"{warning}{tmp_path / 'p.unreadable.csv'} has the reasons." in capsys.readouterr().err
    for verb, more in (("evaluate", []), ("compare", ["--other", str(run)])):
        assert main([verb, str(manifest), *options, *more, "--split", "train"]) == 0
        assert f"{warning}the first is 8. The stamp pack gone.zarr" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["predict", "evaluate", "compare"])
def test_it_gives_the_reason_if_no_candidate_can_be_read(world, run, tmp_path, capsys, verb):
    more = {"predict": ["--output", str(tmp_path / "p.csv")], "compare": ["--other", str(run)]}
    options = ["--packs", str(tmp_path / "gone"), "--run", str(run), *more.get(verb, [])]
    assert main([verb, str(world / "training.csv"), *options]) == 2
    message = "No candidate could be read. The stamp pack blobs.zarr is not in"
    assert message in capsys.readouterr().err
    assert not (tmp_path / "p.csv").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "batches=none"], "batches must be of type int, not 'none'."),
        (
            ["--set", "device=abacus", "--set", "pretrained=false"],
            "This machine has no device 'abacus'",
        ),
    ],
)
def test_an_invalid_setting_is_reported_in_one_sentence(world, tmp_path, capsys, options, words):
    assert main([*arguments("train", world, tmp_path / "run"), *options]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "batches"], "--set: batches is not NAME=VALUE."),
        (["--members", "5-3"], "--members: 5-3: write numbers and rising ranges, as in 0,3-5."),
        (["--members", "two"], "--members: two: write numbers and rising ranges, as in 0,3-5."),
    ],
)
def test_an_option_that_cannot_be_parsed_is_named(world, tmp_path, capsys, options, words):
    with pytest.raises(SystemExit, match="2"):
        main([*arguments("train", world, tmp_path / "run"), *options])
    assert words in capsys.readouterr().err


def test_labels_of_one_class_are_reported_in_one_sentence(tmp_path, capsys):
    write_manifest(tmp_path / "training.csv", [(1, "f", "1", "p.zarr", 0, "train", 2)])
    assert main(arguments("train", tmp_path, tmp_path / "run")) == 2
    assert "at least two classes" in capsys.readouterr().err


def test_a_missing_manifest_is_reported_in_one_sentence(tmp_path, capsys):
    assert main(arguments("evaluate", tmp_path, tmp_path / "run")) == 2
    assert "training.csv" in capsys.readouterr().err


def test_help_shows_the_commands(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(
        f"classifier {verb}" in shown
        for verb in ("train", "predict", "evaluate", "compare", "experiment", "simulate")
    )
