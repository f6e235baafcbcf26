"""A vote counts once: many identical concurrent requests to the real server."""

from http import HTTPStatus
from uuid import uuid4

from tests.labeling.world import at_once


def test_fifty_identical_concurrent_requests_are_one_vote(ledger):
    (expert,) = ledger.open_field("once", 10, 1)
    (item,) = expert.next()
    uuid = str(uuid4())
    body = {"candidate": item["candidate"], "label": 2, "comment": "", "seconds": 1.5}
    body["display"] = {"stretch": "log"}
    windows = [expert.in_another_window() for _ in range(50)]
    replies = at_once(50, lambda k: windows[k].request("PUT", f"votes/{uuid}/", body))
    assert {reply.status for reply in replies} == {HTTPStatus.OK}
    assert len({reply.content for reply in replies}) == 1
    for change in ({"label": 3}, {"comment": "x"}, {"seconds": 2.0}, {"display": {}}):
        reply = expert.request("PUT", f"votes/{uuid}/", body | change)
        assert reply.status == HTTPStatus.CONFLICT
    assert ledger.call("votes", "once") == [[uuid, expert.name, True, body]]
    ledger.assert_audit_passes()
