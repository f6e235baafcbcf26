"""The loop as its users walk it: three experts, a run, uncertainty first, a catalogue.

Everything is real and in its place: mosaics and a catalogue are imported by command, the pages
are used by keyboard in Chromium, and the worker that `manage.py serve` started trains.
"""

import csv
import io
import re
from collections import Counter, defaultdict
from math import log

import numpy as np
import pytest
from playwright.sync_api import expect

from labeling.rules.prediction_arrays import PredictionArrays
from labeling.rules.strategies import Strategy, acquisition_values
from labeling.simulation import simulate_field
from tests.services.site import Site

# The longest of all; on SQLite it is in `make soak`.
pytestmark = pytest.mark.beside("postgresql")

VOTES_EACH = 12
CANDIDATES = 40
QUICKER = {"members": 2, "batches": 8, "batch_size": 8}
CLASSES = range(1, 5)


@pytest.fixture(scope="module")
def truth(tmp_path_factory, site_of_its_own):
    """A small simulated field, imported by command; the true class of each catalogue id."""
    simulated = simulate_field(7, (600, 600), CANDIDATES)
    paths = simulated.write(tmp_path_factory.mktemp("sky"))
    mosaics = [f"--mosaic={path}" for path in paths.values() if path.suffix == ".fits"]
    site_of_its_own.manage("import_field", "loop", "--galaxy=Loop", "--simulated", *mosaics)
    site_of_its_own.manage("import_catalogue", "loop", str(paths["catalogue"]))
    return {str(row["id"]): int(row["class"]) for row in simulated.truth}


@pytest.fixture(scope="module")
def site_of_its_own(tmp_path_factory, database_for):
    """A server without the demonstration's field, with its accounts."""
    site = Site(tmp_path_factory.mktemp("loop"), "--no-demo", database_url=database_for("loop"))
    site.wait()
    site.create_accounts()
    yield site
    site.stop()


@pytest.fixture
def site(site_of_its_own):
    """The windows look at the site of this module."""
    return site_of_its_own


def painted(page, other_than=""):
    """Wait until another candidate is on the screen; its number."""
    page.wait_for_function(
        "old => ![undefined, old].includes(document.documentElement.dataset.painted)",
        arg=str(other_than),
    )
    return int(page.evaluate("document.documentElement.dataset.painted"))


def key_of(expert, turn, true_class):
    """What an expert presses: the truth, but for a three-way split, a doubt, and cy's habit."""
    if turn == 0:
        return {"ada": "1", "bea": "2", "cy": "3"}[expert]
    if expert == "cy":
        return "u" if turn == 1 else str(max(2, true_class))
    return str(true_class)


def vote_by_keyboard(page, expert, truth):
    """Answer VOTES_EACH candidates; the keys pressed, by candidate."""
    page.goto("/classify/")
    keys, candidate = {}, ""
    for turn in range(VOTES_EACH):
        candidate = painted(page, other_than=candidate)
        about = page.request.get(f"/api/v1/candidates/{candidate}/").json()
        keys[candidate] = key_of(expert, turn, truth[about["catalogue_id"]])
        page.keyboard.press(keys[candidate])
        # Two presses within 40 ms are one vote; no person is that quick.
        page.wait_for_timeout(50)
    expect(page.locator("#outbox")).to_have_text("saved")
    # Leaving the page hands back what was prefetched.
    page.goto("/guide/")
    return keys


def start_run(page):
    """Queue a short run as the page's own scripts would; its number."""
    page.goto("/runs/")
    token = next(c["value"] for c in page.context.cookies() if "csrftoken" in c["name"])
    answer = page.request.post(
        "/api/v1/runs/",
        data={"preset": "quick", "config": QUICKER},
        headers={"X-CSRFToken": token},
    )
    assert answer.status == 201, answer.text()
    return answer.json()["id"]


def rows_of(page):
    """The downloaded consensus catalogue."""
    page.goto("/exports/")
    with page.expect_download() as download:
        page.get_by_role("link", name="csv", exact=True).first.click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))


def entropy(shares):
    """Shannon entropy in nats."""
    return -sum(p * log(p) for p in shares if p)


def check_votes(row, keys):
    """The columns of people in one row, against the keys that were pressed."""
    counts = [keys[str(label)] for label in CLASSES]
    total = sum(counts)
    assert [int(row[f"n_class{label}"]) for label in CLASSES] == counts
    assert int(row["n_unsure"]) == keys["u"]
    assert int(row["n_votes"]) == keys.total()
    leaders = [label for label in CLASSES if counts[label - 1] == max(counts)]
    settled = keys.total() >= 3 and len(leaders) == 1
    assert row["class_consensus"] == (str(leaders[0]) if settled else "")
    if keys.total() < 3:
        assert row["consensus_status"] == "insufficient"
    elif not settled:
        assert row["consensus_status"] == "tie"
    else:
        unanimous = max(counts) == keys.total()
        assert row["consensus_status"] == ("agreed" if unanimous else "majority")
    if total:
        assert float(row["agreement"]) == pytest.approx(max(counts) / total)
        expected = entropy(n / total for n in counts)
        assert float(row["vote_entropy_nats"]) == pytest.approx(expected, abs=1e-9)


def check_network(row, run):
    """The columns of the network in one row."""
    p = [float(row[f"p_class{label}"]) for label in CLASSES]
    assert sum(p) == pytest.approx(1, abs=1e-5)
    assert float(row["entropy_nats"]) == pytest.approx(entropy(p), abs=1e-4)
    assert int(row["class_network"]) == 1 + p.index(max(p))
    assert float(row["ensemble_agreement"]) in (0, 0.5, 1)
    assert int(row["run"]) == run


def value_of_a_vote(row):
    """Acquisition value of a candidate of the catalogue, by the default strategy."""
    p, counts = ([float(row[f"{name}{k}"]) for k in range(1, 5)] for name in ("p_class", "n_class"))
    predictions = PredictionArrays.of_one_network(np.zeros(1, int), np.ones(1, int), np.array([p]))
    return acquisition_values(Strategy.MARGIN, predictions.opinions, np.array([counts], dtype=int))[
        0
    ]


def test_the_whole_loop_works(open_as, truth):
    pressed = defaultdict(Counter)
    for expert in ("ada", "bea", "cy"):
        keys = vote_by_keyboard(open_as(expert), expert, truth)
        assert len(keys) == VOTES_EACH
        for candidate, key in keys.items():
            pressed[candidate][key] += 1
    admin, cur = open_as("admin"), open_as("cur")

    run = start_run(admin)
    admin.goto(f"/runs/{run}/")
    expect(admin.locator("#run h2").first).to_have_text("Ready to be promoted", timeout=240_000)
    # Too few labels for the gate: it is for a person to say.
    expect(admin.locator("#gate h2")).to_have_text("The gate cannot judge this run")
    admin.get_by_role("button", name="Promote in all its fields").click()
    expect(admin.locator("#run h2").first).to_have_text("Promoted in loop")
    bars = admin.locator("svg[aria-label^='Histogram of the entropy'] title").all_text_contents()
    assert sum(int(re.match(r"\d+", bar)[0]) for bar in bars) == CANDIDATES

    rows = rows_of(admin)
    number_of = check_rows(admin, rows, pressed, run)
    waiting = [r for r in rows if r["control_sample"] == "0" and int(r["n_votes"]) < 3]
    cur.goto("/classify/")
    most_uncertain = max(waiting, key=value_of_a_vote)
    assert painted(cur) == number_of[most_uncertain["catalogue_id"]]
    admin.goto(f"/candidates/{painted(cur)}/")
    shown = f"Entropy {float(most_uncertain['entropy_nats']):.2f} nat"
    expect(admin.locator(".opinions")).to_contain_text(shown)


def check_rows(page, rows, pressed, run):
    """Every row of the catalogue; the candidates' numbers by catalogue id."""
    found = page.request.get("/api/v1/candidates/?page_size=100").json()["results"]
    number_of = {item["catalogue_id"]: item["candidate"] for item in found}
    ids = [row["catalogue_id"] for row in rows]
    assert len(number_of) == CANDIDATES
    assert ids == sorted(number_of, key=int)
    for row in rows:
        check_votes(row, pressed[number_of[row["catalogue_id"]]])
        check_network(row, run)
    return number_of
