"""The other pages in Chromium: no page has a script error, refused resource or missing picture."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.beside("sqlite")

PAGES = ["/", "/classify/", "/candidates/", "/fields/demo/", "/agreement/", "/runs/", "/guide/"]
PAGES += ["/experiments/"]


@pytest.mark.parametrize("address", [*PAGES, "/disagreements/", "/exports/"])
def test_every_page_opens_without_an_error(open_as, address):
    page = open_as("admin")
    assert page.goto(address).ok
    page.wait_for_load_state("networkidle")
    expect(page.locator("h1").first).to_be_attached()
    expect(page.locator("nav [aria-current='page']")).to_have_count(
        0 if address == "/fields/demo/" else 1
    )


def test_the_navigation_has_the_pages_of_the_role(open_as):
    names = [link.text_content() for link in open_as("ada").locator(".pages a").all()]
    assert "Classify" in names
    assert "Exports" not in names
    assert "Exports" in [link.text_content() for link in open_as("cur").locator(".pages a").all()]


def test_the_theme_is_dark_by_default(open_as):
    page = open_as("ada")
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    page.locator("#theme").click()
    expect(html).to_have_attribute("data-theme", "light")
    page.reload()
    expect(html).to_have_attribute("data-theme", "light")
    page.locator("#theme").click()
    page.emulate_media(color_scheme="dark")
    expect(html).to_have_attribute("data-theme", "dark")


def test_the_gallery_leads_to_a_candidate_with_its_pictures(open_as):
    page = open_as("cur")
    page.goto("/candidates/")
    picture = page.locator(".gallery img").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.gallery img').naturalWidth === 50")
    picture.click()
    page.wait_for_url(re.compile(r"/candidates/\d+/$"))
    expect(page.locator("#viewer")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#facts dd").first).to_contain_text("h")
    colours = "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    for canvas in page.locator(".filter-strip canvas, .rgb canvas, #examine canvas").all():
        page.wait_for_function(f"c => ({colours})(c) > 20", arg=canvas.element_handle())


@pytest.mark.parametrize("width", [1366, 1920])
def test_the_gallery_is_as_wide_as_the_screen(open_as, width):
    page = open_as("ada")
    page.set_viewport_size({"width": width, "height": 768})
    page.goto("/candidates/")
    lefts = [item.bounding_box()["x"] for item in page.locator(".gallery li").all()]
    assert max(lefts) > width - 150
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_roll_back_asks_first(open_as, live_site):
    run = live_site.manage(
        "shell",
        "-v0",
        "-c",
        "from labeling.models import *; from django.contrib.auth.models import User; "
        "by = User.objects.get(username='admin'); demo = Field.objects.get(name='demo'); "
        "run = TrainingRun.objects.create(requested_by=by, preset='quick', status='ready'); "
        "run.fields.add(demo); run.promote_in([demo], by); print(run.pk)",
    ).strip()
    page = open_as("admin")
    page.goto(f"/runs/{run}/")
    heading = page.locator("#run h2").first
    question = page.get_by_role("dialog", name=f"Roll back run {run}?")
    expect(question).to_be_hidden()
    page.get_by_role("button", name="Roll back in demo").click()
    expect(question).to_contain_text("demo: no other run was promoted before.")
    expect(question).to_contain_text("left without a network")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    expect(heading).to_have_text("Promoted in demo")
    page.get_by_role("button", name="Roll back in demo").click()
    question.get_by_role("button", name="Roll back").click()
    expect(heading).to_have_text("Retired: promoted before, in no field now")


def test_a_visitor_logs_in_and_returns_to_the_page(page, site):
    page.goto("/candidates/?order=mag")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(site.password_of("ada"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/candidates/\?order=mag$"))
    assert page.request.get("/whoami/").json() == {"user": "ada"}


def test_it_logs_out(open_as):
    page = open_as("ada")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(re.compile("/login/"))
    assert page.request.get("/whoami/").json() == {"user": ""}


def test_the_page_of_a_running_run_updates_and_cancels_it(open_as, live_site):
    def told(command: str) -> str:
        imports = "from labeling.models import *; from django.contrib.auth.models import User; "
        return live_site.manage("shell", "-v0", "-c", imports + command).strip()

    def batch(count: int) -> str:
        names = "stage='train', member=0, members=2, batches=100, loss=1.2, seconds_left=90.0"
        return f"dict({names}, images_per_second=50.0, batch={count})"

    admin = "requested_by=User.objects.get(username='admin')"
    run = told(
        f"print(TrainingRun.objects.create({admin}, preset='quick', status='running', "
        f"progress={batch(10)}).pk)"
    )
    page = open_as("admin")
    page.goto(f"/runs/{run}/")
    expect(page.locator("#run h2").first).to_have_text("Training member 1 of 2, batch 10 of 100")
    told(f"TrainingRun.objects.filter(pk={run}).update(progress={batch(60)})")
    expect(page.locator("#run h2").first).to_have_text("Training member 1 of 2, batch 60 of 100")
    expect(page.locator("progress")).to_have_attribute("value", "0.3")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.wait_for_timeout(4500)
    assert len(asked) <= 1, "a hidden tab goes on asking"
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.locator("#run h2").first).to_have_text("Cancelled")


def test_an_experiment_shows_its_cost_and_its_progress(open_as, live_site):
    page = open_as("admin")
    page.goto("/experiments/")
    filters = page.locator("#offers tr", has_text="What does each filter contribute?")
    expect(filters).to_contain_text("18 = 6 arms × 3")
    page.get_by_label("Members of each ensemble").fill("2")
    page.get_by_label("Preset").select_option("paper-resnet18")
    expect(filters).to_contain_text("12 = 6 arms × 2")
    page.get_by_label("demo", exact=True).check()
    page.get_by_role("button", name="Start: fields").click()
    # Which of its needs it names depends on what the other tests voted on.
    needs = re.compile("needs (at least two fields|labels of at least two classes)")
    expect(page.locator(".errorlist")).to_contain_text(needs)
    expect(page.get_by_label("demo", exact=True)).to_be_checked()
    expect(page.get_by_label("Members of each ensemble")).to_have_value("2")

    made = live_site.manage(
        "shell",
        "-v0",
        "-c",
        "from labeling.models import *; from django.contrib.auth.models import User; "
        "from tests.labeling.world import make_experiment; "
        "admin = User.objects.get(username='admin'); "
        "print(make_experiment(Field.objects.get(name='demo'), admin, status='running').pk)",
    )
    page.goto(f"/experiments/{made.split()[-1]}/")
    expect(page.locator("#experiment h2").first).to_have_text("Starting")
    report = "dict(stage='train', member=0, members=2, batch=1, batches=4, arm='a', arm_number=2)"
    live_site.manage(
        "shell",
        "-v0",
        "-c",
        f"from labeling.models import *; report = {report}; report['arms'] = 4; "
        f"Experiment.objects.filter(pk={made.split()[-1]}).update(progress=report)",
    )
    told = "Arm 2 of 4, a: training member 1 of 2, batch 1 of 4"
    expect(page.locator("#experiment h2").first).to_have_text(told)
    page.get_by_role("button", name="Cancel the experiment").click()
    expect(page.locator("#experiment h2").first).to_have_text("Cancelled")
    expect(page.get_by_role("button", name="Resume the experiment")).to_be_visible()
