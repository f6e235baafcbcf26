"""A session on the classify page: review, change, undo, reasons, flags and comments."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.classify_page import VOTES, outbox_shows, painted, saved_votes

pytestmark = pytest.mark.beside("postgresql")

OPINIONS = re.compile("/opinions/")


def vote(page, key):
    """Vote and wait for the next candidate; return the request's body and that candidate."""
    before = painted(page)
    with page.expect_request(VOTES) as request:
        page.keyboard.press(key)
    return request.value.post_data_json, painted(page, other_than=before)


def shows(page, candidate):
    """Wait until this candidate is painted and the next key is not taken for a bounce."""
    page.wait_for_function(
        "id => document.documentElement.dataset.painted === id", arg=str(candidate)
    )
    page.wait_for_timeout(60)


def test_it_goes_back_to_any_vote_of_the_session_and_forward_again(ada):
    first, second = (vote(ada, key)[0]["candidate"] for key in "12")
    queue = painted(ada)
    for key, expected in (
        ("p", second),
        ("ArrowLeft", first),
        ("p", first),
        ("n", second),
        ("ArrowRight", queue),
    ):
        ada.keyboard.press(key)
        shows(ada, expected)
    expect(ada.locator("#recent-votes li")).to_have_count(2)


def test_another_class_for_an_earlier_vote_replaces_it(ada):
    before = saved_votes(ada)
    first, _ = vote(ada, "1")
    _, queue = vote(ada, "2")
    ada.keyboard.press("p")
    painted(ada, other_than=queue)
    ada.keyboard.press("p")
    shows(ada, first["candidate"])
    expect(ada.locator(".answers [data-label='1']")).to_have_attribute("aria-pressed", "true")
    with ada.expect_request(VOTES) as request:
        ada.keyboard.press("3")
    again = request.value.post_data_json
    assert (again["candidate"], again["label"]) == (first["candidate"], 3)
    outbox_shows(ada, "saved")
    assert saved_votes(ada) == before + 2


def test_backspace_on_an_earlier_vote_retracts_it(ada):
    before = saved_votes(ada)
    first, _ = vote(ada, "1")
    vote(ada, "2")
    ada.locator("#recent-votes button").first.click()
    shows(ada, first["candidate"])
    ada.keyboard.press("Backspace")
    expect(ada.locator("#note")).to_have_text("Vote taken back. You can vote again.")
    shows(ada, first["candidate"])
    outbox_shows(ada, "saved")
    assert saved_votes(ada) == before + 1


def test_control_z_retracts_the_last_vote(ada):
    before = saved_votes(ada)
    first, _ = vote(ada, "1")
    ada.keyboard.press("Control+z")
    shows(ada, first["candidate"])
    outbox_shows(ada, "saved")
    assert saved_votes(ada) == before


def test_the_session_survives_a_reload(ada):
    first, _ = vote(ada, "4")
    outbox_shows(ada, "saved")
    ada.reload()
    painted(ada)
    ada.keyboard.press("p")
    shows(ada, first["candidate"])


@pytest.mark.parametrize(("digit", "reason"), [("1", "star"), ("3", "galaxy")])
def test_class_4_has_reasons(ada, digit, reason):
    first = painted(ada)
    ada.keyboard.press("d")
    expect(ada.locator("#reasons")).to_be_visible()
    with ada.expect_request(VOTES) as request:
        ada.keyboard.press(digit)
    body = request.value.post_data_json
    assert (body["label"], body["reason"]) == (4, reason)
    painted(ada, other_than=first)
    outbox_shows(ada, "saved")


def test_questions_lead_to_a_class_and_their_answers_are_stored(ada):
    first = painted(ada)
    ada.keyboard.press("q")
    question = ada.locator("#questions h3")
    expect(question).to_have_text("Is it a source of this galaxy?")
    ada.keyboard.press("1")
    expect(question).to_have_text("How many peaks does it have?")
    ada.keyboard.press("1")
    ada.keyboard.press("Backspace")
    expect(question).to_have_text("How many peaks does it have?")
    ada.keyboard.press("2")
    with ada.expect_request(VOTES) as request:
        ada.keyboard.press("1")
    body = request.value.post_data_json
    assert (body["label"], [step["answer"] for step in body["answers"]]) == (
        3,
        ["yes", "several", "yes"],
    )
    painted(ada, other_than=first)
    outbox_shows(ada, "saved")
    expect(ada.locator("#refused")).to_be_hidden()


def test_voters_discuss_a_candidate(ada):
    vote(ada, "1")
    outbox_shows(ada, "saved")
    ada.keyboard.press("v")
    ada.get_by_label("Comment for other experts").fill("is this 1 or 2?")
    ada.keyboard.press("Control+Enter")
    expect(ada.locator("#opinions-body")).to_contain_text("is this 1 or 2?")
    ada.keyboard.press("Escape")
    expect(ada.locator("#opinions")).to_be_hidden()


def test_a_flag_and_a_comment_are_sent_with_the_vote(ada):
    first = painted(ada)
    ada.keyboard.press("f")
    ada.get_by_role("textbox", name="Comment").fill("two peaks? 1234")
    ada.keyboard.press("Control+Enter")
    expect(ada.locator("#flag")).to_be_hidden()
    expect(ada.locator("[data-action='flag']")).to_have_attribute("aria-pressed", "true")
    assert painted(ada) == first  # the digits in the text were no votes
    body, _ = vote(ada, "3")
    assert (body["flagged"], body["comment"]) == (True, "two peaks? 1234")
    expect(ada.locator("[data-action='flag']")).to_have_attribute("aria-pressed", "false")


def test_a_comment_on_an_earlier_vote_is_sent_at_once(ada):
    first, _ = vote(ada, "2")
    ada.keyboard.press("p")
    shows(ada, first["candidate"])
    ada.keyboard.press("f")
    ada.get_by_role("textbox", name="Comment").fill("on second thoughts")
    with ada.expect_request(VOTES) as request:
        ada.keyboard.press("Control+Enter")
    body = request.value.post_data_json
    assert (body["label"], body["comment"]) == (2, "on second thoughts")
    outbox_shows(ada, "saved")


def test_recent_votes_and_an_earlier_vote_are_shown_in_full(ada):
    first = painted(ada)
    ada.keyboard.press("f")
    ada.get_by_role("textbox", name="Comment").fill("two peaks")
    ada.keyboard.press("Control+Enter")
    vote(ada, "Shift+2")
    ada.keyboard.press("d")
    vote(ada, "1")
    possible, star = ada.locator("#recent-votes button").all()
    expect(possible.locator(".marks")).to_have_text("? ⚑ ✎")
    expect(possible).to_have_attribute("title", re.compile("possible, flagged, “two peaks”$"))
    expect(star.locator(".marks")).to_have_text("star")
    possible.click()
    shows(ada, first)
    note = ada.locator("#note")
    expect(note).to_contain_text("Your earlier vote: class 2, possible, flagged, “two peaks”.")
    ada.keyboard.press("n")
    expect(note).to_contain_text("Your earlier vote: class 4, star.")
    ada.keyboard.press("?")
    expect(ada.locator("#help")).to_contain_text("? possible, a word for the reason of class 4")


def test_a_cancelled_comment_is_not_sent(ada):
    ada.keyboard.press("f")
    ada.get_by_role("textbox", name="Comment").fill("never mind")
    ada.keyboard.press("Escape")
    body, _ = vote(ada, "1")
    assert (body["flagged"], body["comment"]) == (False, "")


def test_opinions_are_shown_only_after_the_vote(ada, open_as):
    ada.keyboard.press("v")
    expect(ada.locator("#note")).to_contain_text("Vote first")
    vote(ada, "1")
    outbox_shows(ada, "saved")
    with ada.expect_response(OPINIONS) as answer:
        ada.keyboard.press("v")
    assert answer.value.ok
    expect(ada.locator("#opinions")).to_contain_text("ada (me)")
    consensus = ada.locator("#opinions-body tr", has_text="consensus")
    expect(consensus).to_contain_text("insufficient votes")
    ada.keyboard.press("Escape")
    expect(ada.locator("#opinions")).to_be_hidden()


def test_a_key_shows_the_classes_with_examples(ada):
    ada.keyboard.press("g")
    images = ada.locator("#examples img")
    assert images.count() == 12
    ada.wait_for_function(
        "() => [...document.querySelectorAll('#examples img')].every(i => i.naturalWidth === 50)"
    )


def test_a_custom_key_works_on_all_pages(ada, open_as):
    ada.keyboard.press("?")
    row = ada.locator("tr[data-action-row='skip']")
    row.get_by_role("button", name="add a key").click()
    with ada.expect_response(re.compile("/preferences/")):
        ada.keyboard.press("y")
    expect(row.locator("kbd")).to_have_text(["y", "Space"])
    ada.keyboard.press("Escape")
    shown = painted(ada)
    for key in ("y", "Space"):
        ada.keyboard.press(key)
        shown = painted(ada, other_than=shown)
    elsewhere = open_as("ada", keep=True)
    elsewhere.goto("/guide/")
    expect(elsewhere.locator("tr[data-action-row='skip'] kbd")).to_have_text(["y", "Space"])


def test_each_key_of_an_action_can_be_removed(ada):
    ada.keyboard.press("?")
    row = ada.locator("tr[data-action-row='unsure']")
    with ada.expect_response(re.compile("/preferences/")):
        row.get_by_role("button", name="Remove the key 5").click()
    expect(row.locator("kbd")).to_have_text(["u"])
    expect(row.get_by_role("button", name="add a key")).to_be_focused()
    ada.reload()
    first = painted(ada)
    ada.keyboard.press("5")
    ada.wait_for_timeout(200)
    assert painted(ada) == first
    ada.keyboard.press("u")
    painted(ada, other_than=first)
    ada.keyboard.press("?")
    closing = ada.locator("tr[data-action-row='close']")
    expect(closing.get_by_role("button")).to_have_count(1)


def test_the_search_of_the_keys_stays_in_sight(ada):
    ada.keyboard.press("?")
    dialog = ada.locator("#help")
    box = dialog.bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 768
    ada.locator("#help p").last.scroll_into_view_if_needed()
    for part in (ada.get_by_label("Search the keys"), ada.locator("#help p").last):
        inside = part.bounding_box()
        assert box["y"] <= inside["y"] <= box["y"] + box["height"] - inside["height"]


def test_the_page_names_custom_keys(ada):
    ada.keyboard.press("?")
    for action, key in {"next": "j", "invert": "k", "examine-radial": "y", "flag": ";"}.items():
        ada.locator(f"[data-add-key='{action}']").click()
        with ada.expect_response(re.compile("/preferences/")):
            ada.keyboard.press(key)
    ada.keyboard.press("Escape")
    expect(ada.locator("button[data-action='flag']")).to_have_text("Flag ;")
    expect(ada.locator("[data-action='invert']")).to_have_attribute(
        "title", "Invert the colours, key k"
    )
    radial = ada.get_by_role("button", name="y Radial profile")
    expect(radial).to_have_attribute("title", "Radial profile, key y")
    vote(ada, "1")
    ada.keyboard.press("p")
    expect(ada.locator("#note")).to_contain_text("press j to go on")
    ada.keyboard.press("?")
    ada.get_by_role("button", name="Reset all keys").click()
    expect(ada.locator("#note")).to_contain_text("press n to go on")
    expect(ada.locator("button[data-action='skip']").last).to_have_text("Skip ␣")


def test_a_key_of_another_action_is_refused(ada):
    ada.keyboard.press("?")
    row = ada.locator("tr[data-action-row='skip']")
    row.get_by_role("button", name="add a key").click()
    ada.keyboard.press("u")
    expect(ada.locator("#key-conflict")).to_contain_text("u is already used for: unsure")
    expect(row.locator("kbd")).to_have_text("Space")


def test_the_keys_can_be_searched(ada):
    ada.keyboard.press("?")
    ada.get_by_label("Search the keys").fill("contour")
    expect(ada.locator("#help tr:visible")).to_have_count(1)
    assert painted(ada)


def test_a_surplus_vote_is_stored_and_reported(ada, live_site):
    question = (
        "from labeling.models import Field; Field.objects.update(votes_needed={}); "
        "from labeling.models import Lease; Lease.objects.all().delete()"
    )
    first = painted(ada)
    try:
        other = f"""
from django.contrib.auth import get_user_model
from uuid import uuid4
from labeling.models import Candidate, Lease
candidate = Candidate.objects.get(pk={first})
for name in ("bea", "cy", "cur"):
    candidate.cast_vote(get_user_model().objects.get(username=name), uuid4(), label=1)
Lease.objects.all().delete()
"""
        live_site.manage("shell", "-v0", "-c", other)
        ada.keyboard.press("2")
        expect(ada.locator("#note")).to_contain_text("already had all its votes")
    finally:
        live_site.manage("shell", "-v0", "-c", question.format(3))


def test_the_browser_tells_its_time_zone(browser, site):
    context = browser.new_context(base_url=site.url, timezone_id="Asia/Kathmandu")
    context.new_page().goto("/login/")
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    context.close()
    assert cookies["asterism_utc_offset"] == str(5 * 60 + 45)


def test_the_theme_is_stored_with_the_account(ada, open_as):
    with ada.expect_response(re.compile("/preferences/")):
        ada.locator("#theme").click()
    elsewhere = open_as("ada", keep=True)
    elsewhere.goto("/guide/")
    expect(elsewhere.locator("html")).to_have_attribute("data-theme", "light")
