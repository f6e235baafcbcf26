"""The page of imports: upload files, look at the preview, import, and see the field."""

import re

import pytest
from playwright.sync_api import expect

from labeling.simulation import simulate_field

pytestmark = pytest.mark.beside("sqlite")

CANDIDATES = 30


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Five mosaics and a catalogue of a small simulated field."""
    folder = tmp_path_factory.mktemp("sky")
    simulated = simulate_field(11, (500, 500), CANDIDATES)
    return simulated.write(folder)


def mosaics_of(files):
    return [path for path in files.values() if path.suffix == ".fits"]


def open_new_import(open_as):
    page = open_as("admin")
    page.goto("/imports/")
    page.get_by_role("link", name="New import").click()
    expect(page.locator("#new-import")).to_have_attribute("data-ready", "true")
    return page


def uploaded(page, count):
    """Wait until so many files have arrived."""
    expect(page.locator("#uploads li", has_text="uploaded")).to_have_count(count, timeout=60_000)


def forget_uploads(page):
    rows = page.locator("#uploads li")
    for left in reversed(range(rows.count())):
        rows.first.get_by_role("button").click()
        expect(rows).to_have_count(left)


def test_files_become_a_field(open_as, files):
    page = open_new_import(open_as)
    expect(page.get_by_role("button", name="Make the preview")).to_be_disabled()
    page.get_by_label("Name of the new field").fill("dropped")
    page.get_by_label("Galaxy").fill("NGC 11")
    page.set_input_files("#files", [*mosaics_of(files), files["catalogue"]])
    uploaded(page, 6)
    page.get_by_role("button", name="Make the preview").click()
    expect(page.locator("#import h2").first).to_have_text("Preview", timeout=120_000)
    expect(page.locator(".figures").first).to_contain_text(f"{CANDIDATES}")
    for picture in page.locator(".stamps img").all():
        assert picture.evaluate("image => image.naturalWidth") > 100
    assert page.locator(".positions path.used").get_attribute("d").count("M") == CANDIDATES
    page.get_by_label("First pixel in x and y").select_option("1")
    page.get_by_role("button", name="Make the preview again").click()
    expect(page.locator("#import h2").first).to_have_text("Preview", timeout=120_000)
    page.get_by_role("button", name=f"Import {CANDIDATES} candidates").click()
    expect(page.locator("#import h2").first).to_have_text("Imported", timeout=120_000)
    page.get_by_role("link", name="dropped").click()
    page.wait_for_url(re.compile("/fields/dropped/$"))
    expect(page.locator(".figures").first).to_contain_text(str(CANDIDATES))


def test_candidates_are_found_on_mosaics_that_the_field_has(open_as, files):
    page = open_new_import(open_as)
    page.get_by_label("Import into").select_option("dropped")
    button = page.get_by_role("button", name="Make the preview")
    expect(button).to_be_disabled()
    page.get_by_label("There is no catalogue").check()
    button.click()
    heading = page.locator("#import h2").first
    # The field has candidates with these ids from its catalogue.
    expect(heading).to_have_text("The files cannot be imported like this", timeout=120_000)
    expect(page.locator("#import")).to_contain_text("has a candidate 1 already")
    for picture in page.locator("#import img[alt*='oncentration']").all():
        assert picture.evaluate("image => image.naturalWidth") > 300
    assert page.locator("#import li", has_text="removed").count() > 1


def test_an_upload_goes_on_after_an_interruption(open_as, files, allowed_errors):
    page = open_new_import(open_as)
    path = mosaics_of(files)[0]
    lost, sent = [True], []

    def interrupt(route):
        if lost:
            route.abort()
        else:
            sent.append(route.request.url)
            route.continue_()

    # Another test has imported the same file: its key is refused, and another one is sent.
    allowed_errors.extend(["ERR_FAILED", "404"])
    page.route("**/chunks/**", interrupt)
    page.set_input_files("#files", path)
    expect(page.locator("#uploads li")).to_contain_text("connection lost")
    lost.clear()
    uploaded(page, 1)
    assert len(sent) == 1
    # The same file again, after a reload, is the upload that is there.
    page.reload()
    uploaded(page, 1)
    page.set_input_files("#files", path)
    expect(page.locator("#uploads li")).to_have_count(1)
    uploaded(page, 1)
    assert len(sent) == 1
    forget_uploads(page)


def test_an_upload_is_cancelled(open_as, files, allowed_errors):
    page = open_new_import(open_as)
    allowed_errors.extend(["ERR_FAILED", "404"])
    page.route("**/chunks/**", lambda route: route.abort())
    page.set_input_files("#files", mosaics_of(files)[1])
    expect(page.locator("#uploads li")).to_contain_text("connection lost")
    forget_uploads(page)
    page.reload()
    expect(page.locator("#uploads li")).to_have_count(0)


def test_a_refused_file_is_one_sentence_with_the_columns_to_choose(open_as, tmp_path):
    table = tmp_path / "odd.csv"
    table.write_text("name,across,up\nodd1,120,130\nodd2,240,250\n")
    page = open_new_import(open_as)
    page.get_by_label("Import into").select_option("demo")
    page.set_input_files("#files", table)
    uploaded(page, 1)
    page.get_by_role("button", name="Make the preview").click()
    heading = page.locator("#import h2").first
    expect(heading).to_have_text("The files cannot be imported like this", timeout=120_000)
    for name, column in (("id", "name"), ("x", "across"), ("y", "up")):
        page.get_by_label(name, exact=True).select_option(column)
    page.get_by_role("button", name="Make the preview again").click()
    expect(heading).to_have_text("Preview", timeout=120_000)
