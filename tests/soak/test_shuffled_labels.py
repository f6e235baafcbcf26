"""A network that was trained on shuffled labels does not reach the queue; one on the truth does."""

import json
import time
from http import HTTPStatus

import pytest

from labeling.models import RunStatus
from labeling.models.job import ACTIVE
from tests.soak.conftest import LONG

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(not LONG, reason="trains for minutes: in make soak"),
]

SMALL = {"backbone": "efficientnet_lite0", "members": 2, "batches": 80, "input_px": 96}


@pytest.fixture
def trained(ledger):
    """Trains on labels of this name, and returns the run when it has ended."""
    admin = ledger.open_demonstration()

    def run(source, seconds=900):
        wish = {"preset": "quick", "fields": ["demo"], "label_source": source, "config": SMALL}
        reply = admin.ask("POST", "runs/", wish)
        assert reply.status == HTTPStatus.CREATED, reply.content
        number = json.loads(reply.content)["id"]
        deadline = time.monotonic() + seconds
        while (found := json.loads(admin.download(f"runs/{number}/")))["status"] in ACTIVE:
            assert time.monotonic() < deadline, found
            time.sleep(1)
        return found, admin

    return run


def test_shuffled_labels_are_refused_and_the_truth_goes_live(trained):
    refused, admin = trained("shuffled")
    assert refused["status"] == RunStatus.REFUSED, refused
    again = admin.ask("POST", f"runs/{refused['id']}/promotion/")
    assert again.status == HTTPStatus.CONFLICT
    assert b"chance" in again.content
    live, _ = trained("truth")
    assert live["status"] == RunStatus.PROMOTED, live
