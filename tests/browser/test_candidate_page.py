"""Voting on any candidate from its page: settled ones and those of the control sample too."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.classify_page import VOTES, outbox_shows, painted

NOTHING_YET = re.compile("shown after your vote")

PREPARE = """
import json
from django.contrib.auth.models import User
from labeling.models import Candidate
from tests.labeling.world import vote
free = Candidate.objects.in_play().filter(votes=None, adjudications=None, leases=None)
pool = free.filter(control=False).order_by("pk").last()
control = free.filter(control=True).order_by("pk").last()
for name in ("bea", "cy", "cur"):
    for candidate in (pool, control):
        vote(candidate, User.objects.get(username=name), 2, comment=name + " sees two arms")
print(json.dumps({"pool": pool.pk, "control": control.pk}))
"""
READ = """
import json
from labeling.models import Candidate
from labeling.evaluation.control_labels import control_labels
candidate = Candidate.objects.get(pk={pk})
consensus = candidate.consensus
print(json.dumps({{
    "votes": [[v.voter.username, v.label, v.sample, v.certainty, v.flagged, v.comment, v.informed]
              for v in candidate.votes.live().order_by("cast_at")],
    "consensus": [consensus.label, consensus.status, consensus.n_votes],
    "control": candidate.pk in control_labels([candidate.field]).votes,
}}))
"""


@pytest.fixture
def ask(live_site):
    """Run Python on the data of the site; what it prints last, as JSON."""

    def run(code):
        return json.loads(live_site.manage("shell", "-v0", "-c", code).splitlines()[-1])

    return run


@pytest.fixture
def settled(ask):
    """Candidates that others have settled, by sample."""
    return ask(PREPARE)


@pytest.mark.parametrize("sample", ["pool", "control"])
def test_an_expert_votes_on_a_settled_candidate(open_as, ask, settled, sample):
    page, pk = open_as("ada"), settled[sample]
    page.goto(f"/candidates/{pk}/")
    assert painted(page) == str(pk)
    opinions = page.locator(".opinions")
    expect(opinions).to_have_text(NOTHING_YET)
    page.keyboard.press("f")
    page.locator("#flag textarea").fill("two arms?")
    page.locator("#flag button[value='save']").click()
    with page.expect_request(VOTES) as request:
        page.keyboard.press("Shift+Digit3")
    assert request.value.method == "PUT"
    outbox_shows(page, "saved")
    expect(opinions).to_contain_text("bea sees two arms")
    after = ask(READ.format(pk=pk))
    assert after["votes"][-1] == ["ada", 3, "", "possible", True, "two arms?", False]
    assert after["consensus"] == [2, "majority", 4]
    assert not after["control"]


def test_ones_vote_is_shown_changed_and_taken_back(open_as, ask, settled):
    page, pk = open_as("ada"), settled["pool"]
    page.goto(f"/candidates/{pk}/")
    painted(page)
    page.locator("[data-action='unsure']").click()
    expect(page.locator(".opinions")).to_contain_text("bea sees two arms")
    page.reload()
    painted(page)
    unsure, second = (page.locator(f"[data-action='{name}']") for name in ("unsure", "vote-2"))
    expect(unsure).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Comment for other experts").fill("is it")
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".opinions")).to_contain_text("all agree")
    expect(page.get_by_label("Comment for other experts")).to_have_value("is it")
    last = ask(READ.format(pk=pk))
    assert last["votes"][-1] == ["ada", 2, "", "sure", False, "", True]
    assert last["consensus"] == [2, "agreed", 4]
    page.locator("[data-action='undo']").click()
    expect(page.locator("#note")).to_contain_text("Vote taken back")
    expect(page.locator(".opinions")).to_have_text(NOTHING_YET)
    assert ask(READ.format(pk=pk))["consensus"] == [2, "agreed", 3]


def test_a_vote_from_the_page_waits_for_the_network(open_as, ask, settled, allowed_errors):
    allowed_errors.append("ERR_INTERNET_DISCONNECTED")
    page, pk = open_as("ada"), settled["pool"]
    page.goto(f"/candidates/{pk}/")
    painted(page)
    page.context.set_offline(True)
    page.keyboard.press("4")
    outbox_shows(page, "waiting for network (1)")
    page.context.set_offline(False)
    outbox_shows(page, "saved")
    assert ask(READ.format(pk=pk))["votes"][-1][:3] == ["ada", 4, ""]


def test_a_curator_rules_and_withdraws(open_as, ask, settled):
    page, pk = open_as("cur"), settled["pool"]
    page.goto(f"/candidates/{pk}/")
    page.get_by_text("Rule on this candidate").click()
    page.get_by_role("radio").nth(2).check()
    page.get_by_role("textbox", name="Reason").fill("two peaks in B")
    page.get_by_role("button", name="Adjudicate").click()
    expect(page.locator(".opinions")).to_contain_text("two peaks in B")
    assert ask(READ.format(pk=pk))["consensus"] == [3, "adjudicated", 3]
    page.goto("/disagreements/rulings/")
    row = page.get_by_role("row").filter(has_text="two peaks in B")
    row.first.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("row").filter(has_text="two peaks in B").first).to_contain_text(
        "withdrawn by cur"
    )
    assert ask(READ.format(pk=pk))["consensus"] == [2, "agreed", 3]
