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

# Without it, the experts would finish the field before the long test ends.
THINK_S = 0.2 if LONG else 0.0

CATALOGUE = "export/consensus.csv"
VOTES = "export/votes.csv"


@dataclass
class Voting:
    """Eight experts who vote, each on different candidates, and a curator who downloads."""

    experts: list[Expert]
    curator: Expert
    stop: Event = field(default_factory=Event)
    threads: list[Future[None]] = field(default_factory=list)
    by_expert: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """UUID and catalogue id of each expert's acknowledged votes, in order."""

    def begin(self):
        """Start the votes, each expert in a thread."""
        pool = ThreadPoolExecutor(len(self.experts))
        self.threads = [pool.submit(self._vote, expert) for expert in self.experts]

    def end(self):
        """Stop the votes after the current ones."""
        self.stop.set()
        for thread in self.threads:
            thread.result()

    def _vote(self, expert):
        votes = self.by_expert[expert.name] = []
        while not self.stop.is_set() and (items := expert.next()):
            uuid, _ = expert.vote(items[0]["candidate"])
            votes.append({"vote": uuid, "catalogue_id": items[0]["catalogue_id"]})
            self.stop.wait(THINK_S)

    def counts(self):
        """Return the number of acknowledged votes of each expert."""
        return {name: len(votes) for name, votes in self.by_expert.items()}

    def assert_one_moment(self, column, exported, before, after):
        """Check that an export has the first votes of each expert: `before` to `after` votes."""
        for name, votes in self.by_expert.items():
            is_exported = [vote[column] in exported for vote in votes]
            first = sum(is_exported)
            assert is_exported == [True] * first + [False] * (len(is_exported) - first)
            # One more vote may be stored whose response has not arrived yet.
            assert before.get(name, 0) <= first <= after[name] + 1


@pytest.fixture
def voting(request, ledger, short_or_long):
    """Experts who vote during the test; afterwards all acknowledged votes must be stored."""
    name = f"exported-{len(request.node.name)}"
    count = short_or_long(1500, 20000)
    *experts, curator = ledger.open_field(name, count, 8, "curator", votes_needed=1)
    voting = Voting(experts, curator)
    voting.begin()
    yield voting
    voting.end()
    ledger.assert_votes_stored(experts, 1)
    ledger.assert_audit_passes()


def rows_of(data):
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(data.decode())))


def voted_in(catalogue, name):
    """Return the catalogue ids of the field with a vote; each row must be consistent."""
    voted = set()
    for row in rows_of(catalogue):
        labels = [int(label) for label in MorphologicalClass if row[f"n_class{int(label)}"] != "0"]
        assert len(labels) == int(row["n_votes"]) or row["field"] != name
        if row["field"] == name and labels:
            assert [row["class_consensus"]] == [str(label) for label in labels]
            voted.add(row["catalogue_id"])
    return voted


def test_every_export_is_one_consistent_snapshot(voting, short_or_long):
    downloads = []
    for number in range(short_or_long(8, 60)):
        before = voting.counts()
        data = voting.curator.download((CATALOGUE, VOTES)[number % 2])
        downloads.append((before, data, voting.counts()))
    voting.end()
    for number, (before, data, after) in enumerate(downloads):
        if number % 2:
            uuids = {row["vote"] for row in rows_of(data)}
            voting.assert_one_moment("vote", uuids, before, after)
        else:
            voted = voted_in(data, voting.curator.field)
            voting.assert_one_moment("catalogue_id", voted, before, after)
    assert sum(downloads[-1][2].values()) > sum(downloads[0][0].values())


def test_exports_of_the_same_state_are_the_same_bytes(voting):
    curator = voting.curator
    contents = {curator.download(CATALOGUE) for _ in range(3)}
    voting.end()
    assert len(contents) == 3
    for path in (CATALOGUE, VOTES):
        assert len({curator.download(path) for _ in range(3)}) == 1
    _, data = make_release(curator, f"{curator.field}-still")
    assert data == curator.download(CATALOGUE)


def make_release(curator, version):
    """Make a release; return the response of the API, and the file."""
    reply = curator.request("POST", "releases/", {"version": version})
    assert reply.status == HTTPStatus.CREATED, reply.content
    release = json.loads(reply.content)
    return release, curator.download(f"releases/{release['id']}/file.csv")


def test_a_release_is_one_consistent_snapshot_and_never_changes(voting, short_or_long):
    curator = voting.curator
    releases, files = [], {}
    for number in range(short_or_long(3, 20)):
        before = voting.counts()
        release, data = make_release(curator, f"{curator.field}-{number}")
        voted = voted_in(data, curator.field)
        releases.append((before, voted, voting.counts()))
        assert release["sha256"] == sha256(data).hexdigest()
        files[release["id"]] = data
    voting.end()
    for before, voted, after in releases:
        voting.assert_one_moment("catalogue_id", voted, before, after)
    for number, data in files.items():
        assert curator.download(f"releases/{number}/file.csv") == data
    assert len(set(files.values())) == len(files)
