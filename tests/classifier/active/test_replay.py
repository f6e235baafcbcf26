"""Replays of labelling: counted votes, resumption, and a toy where uncertainty beats random."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import classifier.__main__
from classifier import Manifest, RunError
from classifier.__main__ import main
from classifier.active import label_efficiency
from classifier.active.label_efficiency import (
    EfficiencyCurves,
    crossing,
    efficiencies,
    efficiency_curves,
    efficiency_report,
    efficiency_table,
)
from classifier.active.learners import HeadLearner, LearnerPredictions, NetworkLearner
from classifier.active.replay import (
    WHOLE_POOL,
    Replay,
    ReplayData,
    ReplayPoint,
    ReplaySettings,
    simulate,
)

CONTROL = 200


def world_of(label, columns=None):
    """Candidates without stamps; the last CONTROL are the control sample."""
    label = np.asarray(label, dtype=np.int64)
    count = len(label)
    manifest = Manifest(
        packs=Path(),
        sha256="toy",
        candidate=np.arange(count) + 1000,
        field=np.full(count, "f"),
        catalogue_id=np.arange(count).astype(str),
        pack=np.full(count, "p.zarr"),
        row=np.arange(count),
        split=np.where(np.arange(count) < count - CONTROL, "train", "control"),
        label=label,
        votes=np.empty((count, 0), dtype=np.int64),
    )
    columns = np.zeros((count, 3)) if columns is None else columns
    return ReplayData(manifest, columns, int(label.max()))


def blobs(seed=0, pool=600):
    """Two large blobs far apart, two small ones that nearly touch: labels (N,), places (N, 2)."""
    rng = np.random.default_rng(seed)
    label = rng.choice([1, 2, 3, 4], size=pool + CONTROL, p=[0.48, 0.48, 0.02, 0.02])
    # Half of the control sample is small blobs, so that they count.
    label[pool:] = np.arange(CONTROL) % 4 + 1
    centre = np.array([[-6, 0], [6, 0], [-1, 6], [1, 6]], dtype=float)
    return label, (centre[label - 1] + rng.normal(scale=0.6, size=(len(label), 2)))


@pytest.fixture(scope="module")
def toy():
    label, place = blobs()
    learner = HeadLearner(place.astype(np.float32), 4, members=5, penalty=1e-3)
    return world_of(label, np.c_[place, np.zeros(len(place))]), learner


PERFECT = ReplaySettings(experts=1, first=10, batch=20, people="perfect")


def test_uncertainty_beats_random_on_blobs(toy, tmp_path):
    world, learner = toy
    replays = simulate(
        world, learner, PERFECT, tmp_path, strategies=["random", "entropy"], seeds=range(2)
    )
    result = efficiency_curves(replays)
    area = {name: rows.mean() for name, rows in result.accuracy.items()}
    assert area["entropy"] > area["random"] + 0.01
    needed = {row.strategy: row.reached[1].ratio.value for row in efficiencies(result)}
    assert needed["random"] == pytest.approx(1)
    assert needed["entropy"] < 0.7


class Counting:
    """A learner with random predictions that records the labels it gets."""

    identity = {"learner": "counting"}

    def __init__(self, count, classes=2):
        self.taught, self.shape = [], (2, count, classes)

    def learn(self, label, seed):
        self.taught.append((label.copy(), seed))
        p = np.random.default_rng(seed).dirichlet([1] * self.shape[2], size=self.shape[:2])
        return LearnerPredictions(p, np.zeros((self.shape[1], 3), dtype=np.float32))


@pytest.fixture
def small():
    world = world_of(np.arange(60 + CONTROL) % 2 + 1)
    return world, Counting(len(world.manifest))


SETTINGS = ReplaySettings(experts=3, first=20, batch=15)


def test_every_vote_is_counted_and_every_candidate_asked_once(small, tmp_path):
    world, learner = small
    _, replay = simulate(world, learner, SETTINGS, tmp_path, strategies=["entropy"], seeds=[0])
    assert [point.votes for point in replay.points] == [60, 105, 150, 180]
    assert sorted(replay.candidates) == world.manifest.candidate[world.pool].tolist()


def test_the_control_sample_is_never_taught(small, tmp_path):
    world, learner = small
    simulate(world, learner, SETTINGS, tmp_path, strategies=["margin", "random"], seeds=[0])
    assert all((label[world.control] == 0).all() for label, _ in learner.taught)


def test_ties_cost_votes_and_teach_nothing(small, tmp_path):
    world, learner = small
    settings = replace(SETTINGS, experts=2)
    whole, *_ = simulate(world, learner, settings, tmp_path, strategies=["random"], seeds=[0])
    (point,) = whole.points
    assert point.votes == 120
    # Two people of whom each is right in 87 % disagree on 22 %.
    assert 38 <= point.settled <= 55
    assert sum(point.settled_of_class) == point.settled
    assert point.right <= point.settled


def test_all_strategies_end_with_the_same_result(small, tmp_path):
    world, learner = small
    replays = simulate(world, learner, SETTINGS, tmp_path, seeds=[3])
    ends = {(r.points[-1].accuracy, r.points[-1].settled, r.points[-1].right) for r in replays}
    assert len(replays) == 7
    assert len(ends) == 1


def test_strategies_with_a_network_share_their_first_batch(small, tmp_path):
    world, learner = small
    settings = replace(SETTINGS, rounds=1, cold_start="spread")
    names = ["spread", "entropy", "bald", "diverse"]
    _, *replays = simulate(world, learner, settings, tmp_path, strategies=names, seeds=[0])
    assert len({tuple(replay.candidates) for replay in replays}) == 1


def test_an_interrupted_replay_continues(small, tmp_path):
    world, learner = small
    whole = simulate(world, learner, SETTINGS, tmp_path / "a", strategies=["entropy"], seeds=[0])

    def stop(replay):
        if replay.strategy == "entropy" and len(replay.points) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(
            world,
            learner,
            SETTINGS,
            tmp_path / "b",
            strategies=["entropy"],
            seeds=[0],
            on_round=stop,
        )
    stored = json.loads((tmp_path / "b" / "entropy-0.json").read_text())
    assert len(stored["points"]) == 2
    resumed = simulate(world, learner, SETTINGS, tmp_path / "b", strategies=["entropy"], seeds=[0])
    assert resumed == whole


def test_a_finished_replay_is_not_repeated(small, tmp_path):
    world, learner = small
    simulate(world, learner, SETTINGS, tmp_path, seeds=[0])
    taught = len(learner.taught)
    simulate(world, learner, SETTINGS, tmp_path, seeds=[0])
    assert len(learner.taught) == taught


def test_a_folder_of_other_settings_is_refused(small, tmp_path):
    world, learner = small
    simulate(world, learner, SETTINGS, tmp_path, strategies=["random"], seeds=[0])
    with pytest.raises(RunError, match="is another replay"):
        simulate(world, learner, replace(SETTINGS, experts=5), tmp_path, seeds=[0])


def test_settings_without_experts_are_refused():
    with pytest.raises(ValueError, match="experts must be at least 1, not 0"):
        ReplaySettings(experts=0)


def test_heads_are_right_on_their_training_labels(toy):
    world, learner = toy
    label = np.where(world.manifest.split == "train", world.manifest.label, 0)
    probability = learner.learn(label, 0).member_probability
    np.testing.assert_allclose(probability.sum(axis=2), 1)
    right = probability.mean(axis=0).argmax(axis=1) + 1 == world.manifest.label
    assert right.mean() > 0.9
    assert len(np.unique(probability[:, 0, 0])) == 5


def test_a_network_learner_removes_its_files(manifest, tiny, tmp_path):
    learner = NetworkLearner(replace(tiny, members=1, batches=1), manifest, tmp_path)
    label = np.where(manifest.split == "train", manifest.label, 0)
    answers = learner.learn(label, 3)
    assert answers.member_probability.shape == (1, 48, 4)
    assert np.isfinite(answers.embeddings).all()
    assert list(tmp_path.iterdir()) == []


def test_a_curve_crosses_where_a_line_through_its_points_does():
    votes = np.array([0, 10, 20, 30.0])
    assert crossing(votes, np.array([0, 0.2, 0.4, 0.6]), 0.3) == pytest.approx(15)
    assert crossing(votes, np.array([0.5, 0.6, 0.7, 0.8]), 0.4) == 0
    assert np.isnan(crossing(votes, np.array([0.5, 0.6, 0.7, 0.8]), 0.9))


def test_a_single_high_point_is_not_a_crossing():
    votes = np.arange(5.0)
    # The second and third make 0.5 together.
    assert crossing(votes, np.array([0, 0.8, 0.2, 0.6, 0.8]), 0.8) == pytest.approx(4)


def point(votes, accuracy):
    return ReplayPoint(votes, votes, votes, votes, [votes, 0], accuracy, accuracy, [accuracy, None])


@pytest.fixture
def linear():
    """Random order rises evenly to 0.8 at 100 votes, entropy in half of them."""
    rises = {"random": 1, "entropy": 2}
    replays = [Replay(WHOLE_POOL, s, [], [point(100, 0.8)]) for s in (0, 1)]
    for name, rise in rises.items():
        for seed in (0, 1):
            points = [point(v, min(0.8, 0.008 * rise * v)) for v in range(10, 101, 10)]
            replays.append(Replay(name, seed, [], points))
    return efficiency_curves(replays)


def test_efficiency_is_the_ratio_of_votes(linear):
    rows = {row.strategy: row for row in efficiencies(linear)}
    assert rows["random"].reached[0].votes.value == pytest.approx(100)
    assert rows["entropy"].reached[0].ratio.value == pytest.approx(0.5)
    assert rows["entropy"].reached[1].votes.value == pytest.approx(49)
    assert rows["entropy"].half_way == pytest.approx(0.8)
    json.dumps(efficiency_report(linear, list(rows.values())), allow_nan=False)


def test_a_table_has_a_row_for_each_strategy(linear):
    lines = efficiency_table(efficiencies(linear)).splitlines()
    assert len(lines) == 4
    # After 50 votes random order has 40 %.
    assert lines[2].startswith("| random | 40.0 ± 0.0 % | – | 100 (100–100) |")
    assert lines[3].startswith(
        "| entropy | 80.0 ± 0.0 % | +40.0 (+40.0 to +40.0) | 50 (50–50) | 0.50 (0.50–0.50) | 49"
    )


def test_a_target_out_of_reach_says_so():
    short = EfficiencyCurves(np.array([10.0]), {"random": np.array([[0.1]])}, np.array([0.9]))
    assert "not reached" in efficiency_table(efficiencies(short))


def test_a_ratio_is_undefined_where_random_does_not_reach_the_target():
    # Random reaches 0.8 in the first of two replays: one sample in four has only the second.
    curves = EfficiencyCurves(
        np.array([10.0, 20, 30]),
        {"random": np.array([[0.1, 0.7, 1.3], [0.1, 0.2, 0.3]]), "entropy": np.full((2, 3), 0.9)},
        np.array([0.8, 0.8]),
    )
    target = efficiencies(curves)[1].reached[0]
    assert (target.votes.value, target.votes.low, target.votes.undefined) == (10, 10, 0)
    assert target.ratio.value == pytest.approx(10 / 30)
    assert target.ratio.undefined == pytest.approx(250, abs=50)
    assert (target.ratio.low, target.ratio.high) == (None, None)
    table = efficiency_table(efficiencies(curves))
    assert f"0.33 ({target.ratio.undefined} of 1000 samples undefined)" in table


def test_without_random_a_ratio_says_that_it_is_not_reached():
    votes = np.array([10.0, 20])
    curves = {"random": np.array([[0.1, 0.2]]), "entropy": np.array([[0.1, 0.9]])}
    table = efficiency_table(efficiencies(EfficiencyCurves(votes, curves, np.array([0.5]))))
    assert "| 15 | random not reached |" in table


def test_replays_of_one_control_sample_are_drawn_together():
    # Two control samples of very different ratios, each with replays that agree.
    votes = np.array([10.0, 20, 40])
    accuracy = {
        "random": np.array([[0.1, 0.2, 0.9]] * 6),
        "entropy": np.array([[0.9, 0.9, 0.9]] * 3 + [[0.1, 0.2, 0.9]] * 3),
    }
    sample = np.array([0, 0, 0, 1, 1, 1])
    apart = efficiencies(EfficiencyCurves(votes, accuracy, np.full(6, 0.9), sample))
    ratio = apart[1].reached[0].ratio
    assert (ratio.low, ratio.high) == (0.25, 1)
    together = efficiencies(EfficiencyCurves(votes, accuracy, np.full(6, 0.9)))
    assert together[1].reached[0].ratio.low > 0.25


@pytest.mark.parametrize("samples", [5, 10])
def test_the_interval_of_a_ratio_covers_it(samples, monkeypatch):
    monkeypatch.setattr(label_efficiency, "BOOTSTRAP_SAMPLES", 100)
    votes = np.arange(216, 3601, 216.0)
    smooth = {
        "random": 0.64 - 0.2 * np.exp(-votes / 900),
        "margin": 0.64 - 0.2 * np.exp(-votes / 450),
    }
    target = 0.98 * smooth["margin"][-1]
    ratio = crossing(votes, smooth["margin"], target) / crossing(votes, smooth["random"], target)
    rng, trials, hits = np.random.default_rng(3), 60, 0
    sample = np.repeat(np.arange(samples), 2)
    for _ in range(trials):
        control = rng.normal(0, 0.015, (samples, 1))[sample]
        accuracy = {
            name: curve
            + control
            # What a strategy gains on one control sample is gone once all is labelled.
            + rng.normal(0, 0.006, (samples, 1))[sample] * np.exp(-votes / 1500)
            + rng.normal(0, 0.006, (len(sample), len(votes)))
            for name, curve in smooth.items()
        }
        # With all labels every strategy ends in the same training.
        accuracy["random"][:, -1] = accuracy["margin"][:, -1]
        curves = EfficiencyCurves(votes, accuracy, accuracy["margin"][:, -1], sample)
        interval = efficiencies(curves)[1].reached[1].ratio
        hits += interval.low is not None and interval.low <= ratio <= (interval.high or np.inf)
    # The true coverage is 0.95 to 0.98; three standard errors are 0.08.
    assert hits / trials > 0.86


def test_strategies_need_as_many_replays():
    with pytest.raises(ValueError, match="Every strategy needs one replay"):
        efficiency_curves([Replay("random", 0, [], [point(1, 0.5)])])


def test_the_command_line_leaves_table_figure_and_report(world, tmp_path, capsys):
    options = ["--seeds", "2", "--first", "12", "--batch", "10", "--strategy", "random"]
    settings = ["pretrained=false", "input_px=32", "backbone=starcnet"]
    options += [word for setting in settings for word in ("--set", setting)]
    arguments = [str(world / "training.csv"), "--packs", str(world / "packs")]
    run = tmp_path / "run"
    assert main(["simulate", *arguments, "--run", str(run), *options]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[2].startswith("| random | ")
    assert (run / "label-efficiency.md").read_text() == shown
    assert {path.suffix for path in run.glob("label-efficiency.*")} == {
        ".pdf", ".png", ".svg", ".csv", ".md",
    }  # fmt: skip
    assert json.loads((run / "report.json").read_text())["votes"] == [36, 66, 96]
    stored = (run / "random-1.json").stat().st_mtime_ns
    assert main(["simulate", *arguments, "--run", str(run), *options]) == 0
    assert (run / "random-1.json").stat().st_mtime_ns == stored


def test_the_command_line_simulates_with_networks(world, tmp_path, capsys, monkeypatch):
    configs = []

    def stub(config, manifest, folder, report):
        configs.append(config)
        return Counting(len(manifest), config.classes)

    monkeypatch.setattr(classifier.__main__, "NetworkLearner", stub)
    options = ["--learner", "network", "--seeds", "1", "--rounds", "1", "--strategy", "random"]
    arguments = [str(world / "training.csv"), "--packs", str(world / "packs")]
    assert main(["simulate", *arguments, "--run", str(tmp_path), *options]) == 0
    assert configs[0].backbone == "efficientnet_lite0"
    assert "| random | " in capsys.readouterr().out
