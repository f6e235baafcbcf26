"""Agreement on real votes, compared with published figures."""

import csv
from collections import defaultdict

import pytest

from labeling.agreement.dawid_skene import diagnose
from labeling.agreement.pairs import pair_agreement
from labeling.rules.consensus import Ballot, verdict_of
from tests.labeling.real import DATA, needs_data

VOTES = DATA / "votes"
pytestmark = needs_data


def rows(path):
    """The rows of a CSV file with whole numbers."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [tuple(map(int, row)) for row in list(csv.reader(file))[1:]]


def crowd(folder, name):
    """Votes and truth of a published crowd; its classes count from 0, ours from 1."""
    votes = rows(VOTES / folder / f"{name}.answer.csv")
    truth = rows(VOTES / folder / f"{name}.truth.csv")
    votes = [(task, worker, answer + 1) for task, worker, answer in votes]
    return votes, {task: answer + 1 for task, answer in truth}


def starcnet():
    """The mode of three people and StarcNet's class, by candidate of NGC 1566."""
    labels = defaultdict(dict)
    with (DATA / "catalogues/ngc1566_votes_long.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            labels[row["rater"]][int(row["object_id"])] = int(row["class"])
    return labels["human3_mode"], labels["starcnet_2020"]


def accuracy_of_mode(votes, truth):
    """Accuracy of our consensus; a tie counts as a draw between the leading classes."""
    answers = defaultdict(list)
    for task, _, answer in votes:
        answers[task].append(Ballot(answer))
    score = 0.0
    for task, label in truth.items():
        counts = verdict_of(answers[task], votes_needed=1).counts
        score += (counts[label - 1] == max(counts)) / counts.count(max(counts))
    return score / len(truth)


def accuracy_of_dawid_skene(votes, truth):
    """Accuracy of the model."""
    diagnosis = diagnose(votes)
    return sum(diagnosis.most_probable(task)[0] == label for task, label in truth.items()) / len(
        truth
    )


def test_starcnet_against_the_mode_of_three():
    people, network = starcnet()
    agreement = pair_agreement(people, network)
    assert agreement.n == 1061
    assert agreement.share == pytest.approx(0.648, abs=5e-4)
    assert agreement.share_compact == pytest.approx(0.855, abs=5e-4)
    assert [sum(row) for row in agreement.confusion] == [258, 214, 261, 328]
    assert agreement.bootstrap.share == pytest.approx(agreement.interval, abs=0.005)


def test_the_priors_of_dawid_and_skene():
    pytest.importorskip("crowdkit")
    votes = rows(VOTES / "dawid_skene_1979/anesthesia_long.csv")
    priors = diagnose(votes).priors
    assert sorted(priors, reverse=True) == pytest.approx([0.422, 0.400, 0.112, 0.067], abs=0.005)
    assert priors == pytest.approx((0.400, 0.422, 0.112, 0.067), abs=0.005)


@pytest.mark.parametrize(
    ("folder", "name", "majority", "model"),
    [
        ("dogs_4class", "s4_Dog_data", 0.823, 0.843),
        ("bluebirds_2class", "d_Duck_Identification", 0.759, 0.898),
    ],
)
def test_accuracy_on_crowds_with_a_truth(folder, name, majority, model):
    pytest.importorskip("crowdkit")
    votes, truth = crowd(folder, name)
    assert accuracy_of_mode(votes, truth) == pytest.approx(majority, abs=0.01)
    assert accuracy_of_dawid_skene(votes, truth) == pytest.approx(model, abs=0.01)
