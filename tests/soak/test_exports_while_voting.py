"""An export is one consistent snapshot, also while eight experts vote."""

import csv
import io
import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from threading import Event

import pytest

from classifier.core.classes import MorphologicalClass
from tests.soak.conftest import LONG
from tests.soak.expert import Expert

pytestmark = pytest.mark.postgresql

# So that they are not through with the field before the long form is.
THINK_S = 0.2 if LONG else 0.0

CATALOGUE = "export/consensus.csv"
VOTES = "export/votes.csv"


@dataclass
class Voting:
    """Eight experts at work, each on candidates of their own, and the curator who looks on."""

    experts: list[Expert]
    curator: Expert
    over: Event = field(default_factory=Event)
    threads: list[Future[None]] = field(default_factory=list)
    by_expert: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """UUID and catalogue id of each expert's acknowledged votes, in order."""

    def begin(self):
        """Let them vote, each in a thread."""
        pool = ThreadPoolExecutor(len(self.experts))
        self.threads = [pool.submit(self._vote, expert) for expert in self.experts]

    def end(self):
        """Let them finish what they are at."""
        self.over.set()
        for thread in self.threads:
            thread.result()

    def _vote(self, expert):
        told = self.by_expert[expert.name] = []
        while not self.over.is_set() and (items := expert.next()):
            uuid, _ = expert.vote(items[0]["candidate"])
            told.append({"vote": uuid, "catalogue_id": items[0]["catalogue_id"]})
            self.over.wait(THINK_S)

    def counts(self):
        """How many votes of each expert are acknowledged."""
        return {name: len(told) for name, told in self.by_expert.items()}

    def assert_one_moment(self, column, there, before, after):
        """Of each expert a first part of their votes: all those before, none of those after."""
        for name, told in self.by_expert.items():
            found = [vote[column] in there for vote in told]
            first = sum(found)
            assert found == [True] * first + [False] * (len(found) - first)
            # One vote may be stored whose answer is still under way.
            assert before.get(name, 0) <= first <= after[name] + 1


@pytest.fixture
def voting(request, ledger, short_or_long):
    """Votes come in while the test runs; afterwards all are there."""
    name = f"exported-{len(request.node.name)}"
    count = short_or_long(1500, 20000)
    *experts, curator = ledger.open_field(name, count, 8, "curator", votes_needed=1)
    voting = Voting(experts, curator)
    voting.begin()
    yield voting
    voting.end()
    ledger.assert_kept(experts, 1)
    ledger.assert_nothing_drifted()


def rows_of(data):
    """A CSV file's rows."""
    return list(csv.DictReader(io.StringIO(data.decode())))


def voted_in(catalogue, name):
    """Catalogue ids of this field with a vote; each row must agree with itself."""
    voted = set()
    for row in rows_of(catalogue):
        labels = [int(label) for label in MorphologicalClass if row[f"n_class{int(label)}"] != "0"]
        assert len(labels) == int(row["n_votes"]) or row["field"] != name
        if row["field"] == name and labels:
            assert [row["class_consensus"]] == [str(label) for label in labels]
            voted.add(row["catalogue_id"])
    return voted


def test_every_export_is_one_moment(voting, short_or_long):
    seen = []
    for number in range(short_or_long(8, 60)):
        before = voting.counts()
        data = voting.curator.download((CATALOGUE, VOTES)[number % 2])
        seen.append((before, data, voting.counts()))
    voting.end()
    for number, (before, data, after) in enumerate(seen):
        if number % 2:
            uuids = {row["vote"] for row in rows_of(data)}
            voting.assert_one_moment("vote", uuids, before, after)
        else:
            voted = voted_in(data, voting.curator.field)
            voting.assert_one_moment("catalogue_id", voted, before, after)
    assert sum(seen[-1][2].values()) > sum(seen[0][0].values())


def test_the_same_state_is_the_same_bytes(voting):
    curator = voting.curator
    moved = {curator.download(CATALOGUE) for _ in range(3)}
    voting.end()
    assert len(moved) == 3
    for path in (CATALOGUE, VOTES):
        assert len({curator.download(path) for _ in range(3)}) == 1
    _, data = released(curator, f"{curator.field}-still")
    assert data == curator.download(CATALOGUE)


def released(curator, version):
    """A new release, as the API tells of it, and its file."""
    reply = curator.ask("POST", "releases/", {"version": version})
    assert reply.status == HTTPStatus.CREATED, reply.content
    release = json.loads(reply.content)
    return release, curator.download(f"releases/{release['id']}/file.csv")


def test_a_release_is_one_moment_and_stays_as_it_is(voting, short_or_long):
    curator = voting.curator
    seen, files = [], {}
    for number in range(short_or_long(3, 20)):
        before = voting.counts()
        release, data = released(curator, f"{curator.field}-{number}")
        voted = voted_in(data, curator.field)
        seen.append((before, voted, voting.counts()))
        assert release["sha256"] == sha256(data).hexdigest()
        files[release["id"]] = data
    voting.end()
    for before, voted, after in seen:
        voting.assert_one_moment("catalogue_id", voted, before, after)
    for number, data in files.items():
        assert curator.download(f"releases/{number}/file.csv") == data
    assert len(set(files.values())) == len(files)
