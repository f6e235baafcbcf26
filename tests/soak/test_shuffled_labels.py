"""The gate refuses a run trained on shuffled labels, and passes one trained on true labels."""

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
def train(ledger):
    """Return a function that trains on a label source and returns the run when it has ended."""
    admin = ledger.open_demonstration()

    def run(source, seconds=900):
        body = {"preset": "quick", "fields": ["demo"], "label_source": source, "config": SMALL}
        reply = admin.request("POST", "runs/", body)
        assert reply.status == HTTPStatus.CREATED, reply.content
        number = json.loads(reply.content)["id"]
        deadline = time.monotonic() + seconds
        while (row := json.loads(admin.download(f"runs/{number}/")))["status"] in ACTIVE:
            assert time.monotonic() < deadline, row
            time.sleep(1)
        return row, admin

    return run


def test_a_run_on_shuffled_labels_is_refused_and_one_on_true_labels_is_promoted(train):
    refused, admin = train("shuffled")
    assert refused["status"] == RunStatus.REFUSED, refused
    reply = admin.request("POST", f"runs/{refused['id']}/promotion/")
    assert reply.status == HTTPStatus.CONFLICT
    assert b"chance" in reply.content
    promoted, _ = train("truth")
    assert promoted["status"] == RunStatus.PROMOTED, promoted
