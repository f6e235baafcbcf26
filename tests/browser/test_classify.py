"""The classify page in Chromium, on the demonstration: keys, and every kind of failure."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.classify_page import (
    FETCHED,
    QUEUE,
    RGB,
    STAMPS,
    VOTES,
    outbox_shows,
    painted,
    saved_votes,
)

pytestmark = pytest.mark.beside("sqlite")


@pytest.mark.parametrize(
    ("key", "label", "certainty"),
    [
        ("1", 1, "sure"),
        ("2", 2, "sure"),
        ("3", 3, "sure"),
        ("4", 4, "sure"),
        ("5", "unsure", "sure"),
        ("u", "unsure", "sure"),
        ("Shift+Digit3", 3, "possible"),
    ],
)
def test_a_key_votes_and_shows_the_next_candidate(ada, key, label, certainty):
    first = painted(ada)
    with ada.expect_response(VOTES) as answer:
        ada.keyboard.press(key)
    body = answer.value.request.post_data_json
    assert answer.value.ok
    assert (str(body["candidate"]), body["label"], body["certainty"]) == (first, label, certainty)
    assert body["seconds"] > 0
    assert {"stretch", "limits", "view", "zoom", "contrast", "bias"} < set(body["display"])
    assert painted(ada, other_than=first) != first
    outbox_shows(ada, "saved")


def test_it_retracts_the_last_vote_and_shows_its_candidate(ada):
    before, first = saved_votes(ada), painted(ada)
    ada.keyboard.press("2")
    painted(ada, other_than=first)
    ada.keyboard.press("Backspace")
    expect(ada.locator("[data-label='2']")).to_have_attribute("aria-pressed", "true")
    assert painted(ada) == first
    outbox_shows(ada, "saved")
    assert saved_votes(ada) == before


def test_votes_after_retractions_name_the_votes_that_they_replace(ada):
    sent = []
    ada.on("request", lambda request: VOTES.search(request.url) and sent.append(request))
    for key in "123":
        shown = painted(ada)
        ada.keyboard.press(key)
        painted(ada, other_than=shown)
    ada.keyboard.press("Backspace")
    ada.keyboard.press("Backspace")
    outbox_shows(ada, "saved")
    ada.locator("#recent-votes button").click()
    expect(ada.locator("[data-label='1']")).to_have_attribute("aria-pressed", "true")
    for key in "432":
        shown = painted(ada)
        ada.keyboard.press(key)
        painted(ada, other_than=shown)
    outbox_shows(ada, "saved")
    puts = [request for request in sent if request.method == "PUT"]
    replaced = [request.post_data_json["replaces"] for request in puts[3:]]
    assert [request.url.split("/")[-2] for request in puts[:3]] == replaced


def test_a_retracted_vote_restores_its_flag_and_comment(ada):
    first = painted(ada)
    ada.keyboard.press("f")
    ada.get_by_role("textbox", name="Comment").fill("two peaks?")
    ada.keyboard.press("Control+Enter")
    flag = ada.locator("[data-action='flag']")
    expect(flag).to_have_attribute("aria-pressed", "true")
    ada.keyboard.press("2")
    painted(ada, other_than=first)
    expect(flag).to_have_attribute("aria-pressed", "false")
    ada.keyboard.press("Backspace")
    expect(flag).to_have_attribute("aria-pressed", "true")
    assert painted(ada) == first
    with ada.expect_request(VOTES) as request:
        ada.keyboard.press("3")
    body = request.value.post_data_json
    assert (body["label"], body["flagged"], body["comment"]) == (3, True, "two peaks?")
    outbox_shows(ada, "saved")


def test_it_skips_without_a_vote(ada):
    before, first = saved_votes(ada), painted(ada)
    with ada.expect_response(re.compile("/skip/")):
        ada.keyboard.press("Space")
    assert painted(ada, other_than=first) != first
    assert saved_votes(ada) == before


def test_keys_do_not_vote_while_the_help_is_open(ada):
    first = painted(ada)
    ada.keyboard.press("?")
    expect(ada.locator("#help")).to_be_visible()
    ada.keyboard.press("1")
    ada.keyboard.press("Escape")
    expect(ada.locator("#help")).to_be_hidden()
    assert painted(ada) == first


def test_the_whole_candidate_is_visible_without_scrolling(ada):
    parts = (".filter-strip canvas", ".rgb canvas", "#examine", ".answers .answer", ".session-bar")
    for selector in parts:
        for box in [one.bounding_box() for one in ada.locator(selector).all()]:
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 768
    assert ada.evaluate("document.documentElement.scrollHeight") <= 768
    assert ada.evaluate("document.documentElement.scrollWidth") <= 1366
    expect(ada.locator("#simulated")).to_be_visible()


def test_it_shows_the_values_under_the_pointer(ada):
    ada.locator(".filter-strip canvas").nth(3).hover()
    expect(ada.locator("#position")).to_have_text(re.compile(r"x \d+\.\d  y \d+\.\d"))
    for value in ada.locator(".filter-strip .value").all():
        assert float(value.text_content()) > -1


def test_a_held_or_bouncing_key_is_one_vote(ada):
    before = saved_votes(ada)
    first = painted(ada)
    ada.evaluate(
        """() => { for (const repeat of [false, false, true]) document.dispatchEvent(
            new KeyboardEvent("keydown", { key: "1", code: "Digit1", repeat, bubbles: true })); }"""
    )
    painted(ada, other_than=first)
    outbox_shows(ada, "saved")
    assert saved_votes(ada) == before + 1


def test_a_key_in_a_menu_is_no_vote(ada):
    first = painted(ada)
    ada.locator("#limits").focus()
    ada.keyboard.press("9")
    ada.keyboard.press("1")
    assert painted(ada) == first
    ada.keyboard.press("Escape")
    ada.keyboard.press("1")
    painted(ada, other_than=first)
    outbox_shows(ada, "saved")


def test_space_skips_after_a_click_on_a_class(ada):
    before, first = saved_votes(ada), painted(ada)
    ada.locator("[data-label='4']").click()
    second = painted(ada, other_than=first)
    ada.keyboard.press("Space")
    painted(ada, other_than=second)
    outbox_shows(ada, "saved")
    assert saved_votes(ada) == before + 1


def test_the_next_three_never_wait_for_the_network(ada, allowed_errors):
    allowed_errors.append("Failed to load resource")
    seen = [painted(ada)]
    ada.wait_for_function(FETCHED, arg=4)
    ada.context.set_offline(offline=True)
    for _ in range(3):
        ada.keyboard.press("1")
        seen.append(painted(ada, other_than=seen[-1]))
    outbox_shows(ada, "waiting for network (3)")
    assert len(set(seen)) == 4
    ada.context.set_offline(offline=False)
    outbox_shows(ada, "saved")


def test_votes_survive_a_reload_while_the_server_is_away(ada, allowed_errors):
    allowed_errors.append("ERR_FAILED")
    before, first = saved_votes(ada), painted(ada)
    ada.route(VOTES, lambda route: route.abort())
    ada.keyboard.press("1")
    second = painted(ada, other_than=first)
    ada.keyboard.press("2")
    painted(ada, other_than=second)
    outbox_shows(ada, "waiting for network (2)")
    ada.reload()
    assert painted(ada) not in {first, second}
    outbox_shows(ada, "waiting for network (2)")
    ada.unroute_all()
    ada.evaluate("dispatchEvent(new Event('online'))")
    outbox_shows(ada, "saved")
    assert saved_votes(ada) == before + 2


def test_votes_that_waited_are_counted_once(ada, allowed_errors):
    allowed_errors.append("Failed to load resource")
    shown = painted(ada)
    ada.wait_for_function(FETCHED, arg=4)
    today = int(ada.locator("#today").inner_text())
    ada.context.set_offline(offline=True)
    for n_votes in (1, 2):
        ada.keyboard.press("1")
        shown = painted(ada, other_than=shown)
        expect(ada.locator("#today")).to_have_text(str(today + n_votes))
    with ada.expect_response(re.compile("/api/v1/progress/")) as counted:
        ada.context.set_offline(offline=False)
    expect(ada.locator("#today")).to_have_text(str(today + 2))
    expect(ada.locator("#left")).to_have_text(str(counted.value.json()["left"]))
    ada.keyboard.press("Backspace")
    expect(ada.locator("#today")).to_have_text(str(today + 1))


def test_votes_wait_for_a_server_that_restarts(ada, live_site, allowed_errors):
    allowed_errors.append("ERR_CONNECTION")
    before, first = saved_votes(ada), painted(ada)
    ada.wait_for_function(FETCHED, arg=4)
    live_site.stop()
    ada.keyboard.press("1")
    second = painted(ada, other_than=first)
    ada.keyboard.press("2")
    painted(ada, other_than=second)
    outbox_shows(ada, "waiting for network (2)")
    live_site.start()
    live_site.wait()
    expect(ada.locator("#outbox")).to_have_text("saved", timeout=40_000)
    assert saved_votes(ada) == before + 2


def test_an_expired_session_loses_no_vote(ada, site, allowed_errors):
    allowed_errors.append("401")
    before, first = saved_votes(ada), painted(ada)
    ada.context.clear_cookies()
    ada.keyboard.press("3")
    painted(ada, other_than=first)
    outbox_shows(ada, "log in to save (1)")
    ada.get_by_role("button", name="Log in as ada").click()
    ada.get_by_label("Password of ada").fill("not it")
    ada.keyboard.press("Enter")
    expect(ada.get_by_text("That is not the right password.")).to_be_visible()
    ada.get_by_label("Password of ada").fill(site.password_of("ada"))
    ada.keyboard.press("Enter")
    outbox_shows(ada, "saved")
    expect(ada.locator("#login-notice")).to_be_hidden()
    assert saved_votes(ada) == before + 1


def test_votes_are_never_sent_for_another_account(ada, site, allowed_errors):
    allowed_errors.append("401")
    first, before = painted(ada), saved_votes(ada)
    tab = ada.context.new_page()
    tab.goto("/guide/")
    tab.get_by_role("button", name="Log out").click()
    tab.get_by_label("Username").fill("bea")
    tab.get_by_label("Password").fill(site.password_of("bea"))
    tab.keyboard.press("Enter")
    tab.wait_for_url(lambda url: "/login/" not in url)
    theirs = saved_votes(tab)
    ada.keyboard.press("1")
    painted(ada, other_than=first)
    outbox_shows(ada, "log in to save (1)")
    assert saved_votes(tab) == theirs
    ada.get_by_role("button", name="Log in as ada").click()
    ada.get_by_label("Password of ada").fill(site.password_of("ada"))
    ada.keyboard.press("Enter")
    outbox_shows(ada, "saved")
    assert saved_votes(ada) == before + 1


def test_keys_do_not_vote_before_the_stamps_are_drawn(open_as):
    page = open_as("ada")
    held: list[Route] = []
    page.route(STAMPS, lambda route: held.append(route))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/classify/")
    expect(page.locator("#viewer")).to_have_attribute("aria-busy", "true")
    page.keyboard.press("1")
    assert not any(VOTES.search(url) for url in asked)
    assert held
    page.unroute(STAMPS)  # lets those held go on
    painted(page)


def test_stamps_that_cannot_be_loaded_can_be_skipped(open_as, allowed_errors):
    allowed_errors.append("404")
    page = open_as("ada")
    failed = []

    def fail_first(route: Route) -> None:
        if not failed:
            failed.append(route.request.url)
        if route.request.url != failed[0]:
            return route.continue_()
        body = '{"title": "Not Found", "status": 404, "detail": "The stamp pack is missing."}'
        return route.fulfill(status=404, body=body, content_type="application/problem+json")

    page.route(STAMPS, fail_first)
    page.goto("/classify/")
    expect(page.locator("#failure")).to_contain_text("The stamp pack is missing.")
    page.keyboard.press("1")
    page.keyboard.press("Space")
    assert f"/candidates/{painted(page)}/" not in failed[0]


def test_a_missing_colour_picture_does_not_prevent_votes(open_as, allowed_errors):
    allowed_errors.append("404")
    page = open_as("ada")
    page.route(RGB, lambda route: route.fulfill(status=404, json={"detail": "No mosaic."}))
    page.goto("/classify/")
    first = painted(page)
    expect(page.locator("#rgb-note")).to_have_text("No colour image: No mosaic.")
    page.keyboard.press("2")
    painted(page, other_than=first)
    outbox_shows(page, "saved")


def test_an_empty_queue_is_explained(open_as):
    page = open_as("ada")
    page.route(QUEUE, lambda route: route.fulfill(json=[]))
    page.goto("/classify/")
    expect(page.locator("#queue-title")).to_have_text("No candidate is free now")
    expect(page.locator("#queue-links a").first).to_have_attribute("href", "/")


def test_a_filter_without_candidates_can_be_removed(live_site, open_as):
    make = (
        "from django.contrib.auth.models import Group, User; "
        f"eve = User.objects.create_user('eve', password='{live_site.password_of('eve')}'); "
        "eve.groups.add(Group.objects.get(name='expert'))"
    )
    live_site.manage("shell", "-v0", "-c", make)
    eve = open_as("eve")
    eve.goto("/classify/")
    painted(eve)
    eve.get_by_role("button", name="Filter", exact=True).click()
    eve.get_by_label("only my unfinished candidates").check()
    eve.get_by_role("button", name="Apply").click()
    expect(eve.locator("#queue-title")).to_have_text("No candidate passes the filter")
    eve.get_by_role("link", name="remove the filter").click()
    painted(eve)


def test_left_obeys_the_filter(ada):
    everything = int(ada.locator("#left").inner_text())
    ada.goto("/classify/?mag_max=21.5")
    painted(ada)
    api = ada.request.get("/api/v1/progress/?mag_max=21.5").json()["left"]
    assert api < everything
    expect(ada.locator("#left")).to_have_text(str(api))


def test_a_refused_vote_is_reported_with_its_reason(ada, allowed_errors):
    allowed_errors.append("409")
    first = painted(ada)
    ada.route(VOTES, lambda route: route.fulfill(status=409, json={"detail": "Already known."}))
    ada.keyboard.press("1")
    painted(ada, other_than=first)
    expect(ada.locator("#refused-reason")).to_have_text("1 vote not accepted: Already known.")
    ada.get_by_role("button", name="Dismiss").click()
    expect(ada.locator("#refused")).to_be_hidden()


def test_leaving_the_page_deletes_its_leases(ada, live_site):
    def leases():
        question = "from labeling.models import Lease; print(Lease.objects.live().count())"
        return int(live_site.manage("shell", "-v0", "-c", question))

    ada.wait_for_load_state("networkidle")
    held = leases()
    ada.goto("/guide/")
    ada.wait_for_load_state("networkidle")
    assert leases() == held - 9


def test_two_tabs_of_one_expert_show_different_candidates(ada):
    tab = ada.context.new_page()
    tab.goto("/classify/")
    assert painted(tab) != painted(ada)


def test_a_paused_login_says_when_to_try_again(ada, allowed_errors):
    allowed_errors += ["401", "429"]
    first = painted(ada)
    detail = "There were too many attempts. Try again in 9 minutes."

    def refuse(route):
        if route.request.method == "POST":
            route.fulfill(status=429, json={"detail": detail})
        else:
            route.continue_()

    ada.route("**/login/", refuse)
    ada.context.clear_cookies()
    ada.keyboard.press("3")
    painted(ada, other_than=first)
    ada.get_by_role("button", name="Log in as ada").click()
    ada.get_by_label("Password of ada").fill("not it")
    ada.keyboard.press("Enter")
    expect(ada.get_by_text(detail)).to_be_visible()
