"""Heads refitted on stored embeddings: unchanged without new labels, moved by them."""

import json

import numpy as np
import pytest
import torch
import zarr
from safetensors.torch import save_file
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from classifier import Manifest, RunError, TrainingConfig, predict, train
from classifier.inference import embeddings
from classifier.inference.head_refit import Head, refit, refit_head

FEATURES, CLASSES = 40, 4


def features_of(count, seed=0):
    """Random features (n, F), as different in scale as those of a network."""
    rng = np.random.default_rng(seed)
    scale = rng.uniform(0.2, 3, FEATURES)
    return torch.from_numpy(rng.normal(1, scale, (count, FEATURES))).float()


def head_of(seed=1):
    rng = np.random.default_rng(seed)
    weight = torch.from_numpy(rng.normal(0, 0.3, (CLASSES, FEATURES))).float()
    return Head(weight, torch.zeros(CLASSES))


def none(count):
    return np.zeros(count, dtype=bool)


@pytest.fixture
def x():
    return features_of(400)


@pytest.fixture
def labels(x):
    """Labels drawn from the probabilities of another head."""
    p = head_of(5).probability(x).numpy()
    return np.array([np.random.default_rng(i).choice(4, p=q) for i, q in enumerate(p)]) + 1


@pytest.mark.parametrize("spread", [0.5, 1.0, 10.0])
def test_from_zero_weights_it_is_the_logistic_regression_of_sklearn(x, labels, spread):
    zero = Head(torch.zeros(CLASSES, FEATURES), torch.zeros(CLASSES))
    refitted = refit_head(x, labels, none(400), zero, spread).probability(x).numpy()
    z = (x - x.mean(dim=0)) / x.std(dim=0, correction=0) / FEATURES**0.5
    z = np.concatenate([z.double().numpy(), np.ones((400, 1))], axis=1)
    peer = LogisticRegression(C=spread**2, fit_intercept=False, tol=1e-10, max_iter=10_000)
    np.testing.assert_allclose(refitted, peer.fit(z, labels).predict_proba(z), atol=1e-3)


def test_a_narrow_prior_keeps_the_head(x, labels):
    start = head_of()
    refitted = refit_head(x, labels, none(400), start, spread=1e-4).probability(x)
    np.testing.assert_allclose(refitted, start.probability(x), atol=1e-5)


def test_without_new_labels_the_head_is_unchanged(x, labels):
    start = head_of()
    assert refit_head(x, labels, ~none(400), start) is start
    assert refit_head(x[:0], labels[:0], none(0), start) is start


def test_old_labels_limit_the_move(x, labels):
    # One new label against the head moves it more alone than with 399 old labels.
    start = head_of()
    labels = start.probability(x).argmin(dim=1).numpy() + 1
    learnt = ~none(400)
    learnt[0] = False
    beside = refit_head(x, labels, learnt, start).probability(x).numpy()
    alone = refit_head(x[:1], labels[:1], none(1), start).probability(x).numpy()
    before = start.probability(x).numpy()
    assert before[0, labels[0] - 1] < beside[0, labels[0] - 1]
    assert abs(beside - before)[1:].mean() < abs(alone - before)[1:].mean()


def test_more_labels_beyond_a_shifted_boundary_move_it_further():
    # Classes 1 and 2 part at 0 of the first feature for the run, and at 2 for the experts.
    x = features_of(4000) - 1
    start = Head(torch.zeros(CLASSES, FEATURES), torch.tensor([0.0, 0, -9, -9]))
    start.weight_KF[:2, 0] = torch.tensor([-3.0, 3.0])
    labels = np.where(x[:, 0].numpy() > 2, 2, 1)
    between = (x[:, 0] > 0.5) & (x[:, 0] < 1.5)
    probabilities = [
        refit_head(x[:n], labels[:n], none(n), start).probability(x)[between, 0].mean().item()
        for n in (0, 40, 400, 4000)
    ]
    assert probabilities == sorted(probabilities)
    assert probabilities[0] < 0.1
    assert probabilities[-1] > 0.6


def test_rows_of_nan_are_ignored(x, labels):
    start = head_of()
    torn = torch.cat([x, torch.full((1, FEATURES), torch.nan)])
    refitted = refit_head(torn, np.append(labels, 1), none(401), start)
    torch.testing.assert_close(
        refitted.weight_KF, refit_head(x, labels, none(400), start).weight_KF
    )


def test_a_feature_that_never_varies_keeps_its_weight(x, labels):
    x[:, 3] = 0
    start = head_of()
    torch.testing.assert_close(
        refit_head(x, labels, none(400), start).weight_KF[:, 3], start.weight_KF[:, 3]
    )


@pytest.fixture
def run(tmp_path):
    """The folder of a run of two members with embeddings of 3000 candidates, from id 100."""
    manifest = Manifest(tmp_path, "", np.arange(100, 3100), *[np.zeros(3000)] * 7)
    features = embeddings.create(tmp_path / "e.zarr", 2, manifest, FEATURES)
    config = TrainingConfig.from_dict("quick", {"members": 2})
    about = {"format": "asterism-run/1", "config": config.to_dict()}
    (tmp_path / "config.json").write_text(json.dumps(about))
    for member in range(2):
        features[member] = features_of(3000, seed=member).numpy()
        head = head_of(member)
        state = {"head.weight": head.weight_KF, "head.bias": head.bias_K}
        save_file(state, tmp_path / f"member-{member:02d}.safetensors")
    features[:, 7] = np.nan
    missing = np.zeros(3000, dtype=np.int64)
    missing[8] = 2
    embeddings.finish(tmp_path / "e.zarr", missing)
    return tmp_path


def refit_run(folder, labels, learnt=None, wanted=range(100, 3100)):
    return refit(folder, folder / "e.zarr", labels, learnt or {}, wanted)


def member_probabilities(folder):
    """(N, K), from the files."""
    features = zarr.open_group(folder / "e.zarr", mode="r")["features"][:].astype(float)
    logits = [features[m] @ head_of(m).weight_KF.double().numpy().T for m in range(2)]
    return softmax(logits, axis=2).mean(axis=0)


def test_without_labels_it_predicts_like_the_members(run):
    refitted = refit_run(run, {})
    assert refitted.candidate.tolist() == list(range(100, 3100))
    np.testing.assert_allclose(refitted.probability, member_probabilities(run), atol=1e-5)
    assert np.flatnonzero(np.isnan(refitted.probability[:, 0])).tolist() == [7]


def test_only_new_labels_move_the_heads(run):
    labels = {100 + i: 1 + i % 4 for i in range(200)}
    np.testing.assert_array_equal(
        refit_run(run, labels, labels).probability, refit_run(run, {}).probability
    )
    moved = refit_run(run, labels, {i: labels[i] for i in range(100, 200)}).probability
    assert np.nanmax(abs(moved - member_probabilities(run))) > 0.1


def test_it_reads_only_the_wanted_candidates_in_parts(run, monkeypatch):
    labels = {100 + i: 1 + i % 4 for i in range(0, 3000, 7)}
    whole = refit_run(run, labels)
    monkeypatch.setattr(embeddings, "AT_A_TIME", 64)
    part = refit_run(run, labels, wanted=[3099, 100, 555, 10**6])
    assert part.candidate.tolist() == [100, 555, 3099]
    rows = part.candidate - 100
    np.testing.assert_allclose(part.probability, whole.probability[rows], atol=1e-6)


def test_candidates_left_out_of_the_run_are_ignored(run):
    # 107 is unreadable, 108 has too many bands missing, 5 is not in the run.
    refitted = refit_run(run, {107: 1, 108: 1, 5: 1})
    np.testing.assert_array_equal(refitted.probability, refit_run(run, {}).probability)


def test_it_is_deterministic(run):
    labels = {100 + i: 1 + i % 4 for i in range(200)}
    first, second = refit_run(run, labels), refit_run(run, labels)
    np.testing.assert_array_equal(first.probability, second.probability)


def test_unfinished_embeddings_are_refused(run):
    zarr.open_group(run / "e.zarr", mode="a").__delitem__("missing_bands")
    with pytest.raises(RunError, match="does not hold the embeddings of a run"):
        refit_run(run, {})
    with pytest.raises(RunError, match="does not hold the embeddings of a run"):
        refit(run, run / "none.zarr", {}, {}, [])


def test_embeddings_in_another_format_are_refused(run, tmp_path):
    zarr.open_group(tmp_path / "e.zarr", mode="w", attributes={"format": "other"})
    with pytest.raises(RunError, match=r"embeddings in another format \('other'\)"):
        refit(run, tmp_path / "e.zarr", {}, {}, [])


def test_a_member_that_is_missing_is_refused(run):
    (run / "member-01.safetensors").unlink()
    with pytest.raises(RunError, match=r"member-01\.safetensors does not hold a matrix"):
        refit_run(run, {})


def test_without_labels_a_real_run_predicts_the_same(world, manifest, tiny, tmp_path):
    train(tiny, manifest, tmp_path / "run")
    path = tmp_path / "e.zarr"
    predictions = predict(tmp_path / "run", manifest, embeddings=path)
    refitted = refit(tmp_path / "run", path, {}, {}, manifest.candidate.tolist())
    assert refitted.candidate.tolist() == manifest.candidate.tolist()
    np.testing.assert_allclose(refitted.probability, predictions.probability, atol=0.02)
