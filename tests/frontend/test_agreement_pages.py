"""/agreement/ and /agreement/diagnosis/: their content, and who may see it."""

import math
import re
from http import HTTPStatus
from uuid import uuid4

import pytest

from frontend.pages.agreement import BAR_WIDTH, Matrix, class_bars, percent_range
from frontend.pages.confusion import counted_rows, estimated_rows
from frontend.templatetags.formats import bootstrap_interval
from labeling.agreement import dawid_skene
from labeling.agreement.pairs import pair_agreement
from labeling.agreement.raters import RaterPair
from labeling.models import Vote
from tests.labeling.world import vote

pytestmark = pytest.mark.beside("sqlite")


@pytest.fixture
def voted(field, people):
    """Three experts on six candidates; bea and cy always say the same."""
    for number, candidate in enumerate(field.candidates.order_by("pk")):
        labels = (1 + number % 4, 1 + (number // 2) % 4, 1 + (number // 2) % 4)
        for name, label in zip(("ada", "bea", "cy"), labels, strict=True):
            vote(candidate, people[name], label)
    return field


def text_of(page):
    """A page's words, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def names(page):
    """The pairs on a page."""
    shown = [matrix for section in page.context["sections"] for matrix in section.matrices]
    return [(matrix.pair.first, matrix.pair.second) for matrix in shown]


def test_a_curator_sees_all_pairs_and_the_group(browse, voted):
    page = browse("cur").get("/agreement/")
    assert {("ada", "bea"), ("ada", "cy"), ("bea", "cy")} <= set(names(page))
    text = text_of(page)
    assert "Fleiss’ κ, four classes" in text
    assert "κ on the 6 candidates with 3 class votes each" in text
    assert "70–80 %" in text


def test_an_expert_sees_their_own_figures_only(browse, voted):
    page = browse("bea").get("/agreement/")
    assert names(page) == [("bea", "ada"), ("bea", "cy"), ("bea", "consensus of the others")]
    text = text_of(page)
    assert "You and the other experts" in text
    assert "Krippendorff" not in text
    assert "Diagnosis" not in text


def test_it_shows_counts_and_row_percentages(browse, voted):
    (section, *_) = browse("cy").get("/agreement/").context["sections"]
    with_bea = next(m for m in section.matrices if m.pair.second == "bea")
    assert [row.total for row in with_bea.rows] == [2, 2, 2, 0]
    assert [cell.percent for cell in with_bea.rows[0].cells] == [100, 0, 0, 0]
    assert [cell.percent for cell in with_bea.rows[3].cells] == [None] * 4


def test_the_share_of_each_class_has_its_interval():
    agreement = pair_agreement(
        dict(enumerate([1] * 8 + [2, 3])), dict(enumerate([1] * 6 + [2, 2, 2, 3]))
    )
    one, two, three, four, compact = Matrix(RaterPair("a", "", "b", "", agreement), []).by_class
    # Wilson's intervals: 6 of 8, 9 of 9, and 1 of 1.
    assert one == (0.75, "41 % – 93 %")
    assert compact == (1, "70 % – 100 %")
    assert two == three == (1, "21 % – 100 %")
    assert math.isnan(four[0])
    assert four[1] == ""


def test_it_shows_the_intervals_of_the_classes_and_the_kappa_of_two(browse, voted):
    page = browse("cy").get("/agreement/")
    text = text_of(page)
    assert "κ, 1 + 2 or not" in text
    (section, *_) = page.context["sections"]
    between = [words for matrix in section.matrices for _, words in matrix.by_class if words]
    assert between
    assert all(words in text for words in between)


@pytest.mark.parametrize(
    ("interval", "undefined", "text"),
    [
        ((0.25, 0.5), 0, "25 % – 50 %"),
        ((0.25, 0.5), 12, "25 % – 50 % (12 undefined)"),
        ((math.nan, math.nan), 360, "no interval (360 undefined)"),
        ((math.nan, math.nan), 1000, ""),
        ((math.nan, math.nan), 0, ""),
    ],
)
def test_an_interval_names_its_undefined_resamples(interval, undefined, text):
    assert bootstrap_interval(interval, undefined, "%") == text


def test_the_page_says_why_there_is_no_interval(browse, voted):
    text = text_of(browse("cur").get("/agreement/"))
    assert re.search(r"no interval \(\d+ undefined\)", text)
    assert "If more than 2.5 % are undefined" in text


def test_self_agreement_is_shown_beside_the_published_one(browse, voted, people):
    first = Vote.objects.live().by(people["ada"]).first()
    Vote.objects.create(
        id=uuid4(), candidate=first.candidate, voter=first.voter, label=1, repeat_of=first
    )
    text = text_of(browse("ada").get("/agreement/"))
    assert "one expert, years apart (Wei et al. 2020, section 2.1) 80 % 53 % 56 % – 88 %" in text
    assert "two inspections in LEGUS (Wei et al. 2020, section 2.1) 70–80 %" in text
    assert "40–50 % 40–50 % 60–70 % 67–88 %" in text


def test_the_field_is_chosen_by_the_address(browse, voted):
    page = browse("cur").get("/agreement/", {"field": "ngc1"})
    assert "/api/v1/agreement.csv?field=ngc1" in page.content.decode()
    assert "/api/v1/agreement/group.csv?field=ngc1" in page.content.decode()
    assert names(page)


def test_the_pages_say_that_there_is_nothing_to_compare(browse, field):
    assert "Nothing to compare yet" in text_of(browse("ada").get("/agreement/"))
    assert "Nothing to diagnose yet" in text_of(browse("cur").get("/agreement/diagnosis/"))


def test_the_diagnosis_may_differ_from_the_consensus_and_does_not_change_it(browse, voted, people):
    pytest.importorskip("crowdkit")
    ruled = voted.candidates.order_by("pk").first()
    ruled.adjudicate(people["cur"], 3, "several peaks in the ultraviolet")
    page = browse("cur").get("/agreement/diagnosis/")
    assert "Nothing on this page is a label" in text_of(page)
    assert [name for name, _ in page.context["matrices"]] == ["ada", "bea", "cy"]
    (difference, candidate), *_ = page.context["differences"]
    assert (candidate, difference.label, difference.preferred) == (ruled, 3, 1)
    assert "/api/v1/agreement/diagnosis/posteriors.csv" in page.content.decode()
    assert "/api/v1/agreement/diagnosis/matrices.csv" in page.content.decode()
    ruled.consensus.refresh_from_db()
    assert ruled.consensus.label == 3


@pytest.mark.parametrize("name", ["", "stranger", "ada", "bea", "cur", "admin"])
@pytest.mark.parametrize("file", ["posteriors.csv", "matrices.csv"])
def test_the_files_of_the_diagnosis_have_the_access_of_its_page(browse, voted, name, file):
    pytest.importorskip("crowdkit")
    client = browse(name) if name else browse()
    page = client.get("/agreement/diagnosis/").status_code == HTTPStatus.OK
    got = client.get(f"/api/v1/agreement/diagnosis/{file}").status_code == HTTPStatus.OK
    assert page == got == (name in ("cur", "admin"))


def test_without_crowd_kit_the_diagnosis_names_what_to_install(browse, voted, monkeypatch):
    monkeypatch.setattr(dawid_skene, "INSTALLED", False)
    assert "crowd-kit is not installed" in text_of(browse("cur").get("/agreement/diagnosis/"))


def test_a_bar_counts_both_directions():
    first, second = {1: 1, 2: 1, 3: 1, 4: 2}, {1: 1, 2: 1, 3: 2, 4: 2}
    pair = RaterPair("a", "expert", "b", "expert", pair_agreement(first, second))
    one, two, three, _, compact = class_bars([pair])
    # Class 1: both on two candidates, of 3 by the first and 2 by the second.
    assert (one.share, one.dots[0].x) == (4 / 5, BAR_WIDTH * 4 / 5)
    assert (two.share, compact.share) == (2 / 3, 1)
    assert math.isnan(three.share)
    assert three.dots == []
    assert (one.published, compact.published) == ("70–80 %", percent_range((0.67, 0.88)))


def test_only_pairs_of_experts_have_bars():
    assert (
        class_bars([RaterPair("a", "expert", "LEGUS", "reference", pair_agreement({1: 1}, {1: 1}))])
        == []
    )


def test_rows_are_shaded_by_their_percentage():
    assert [cell.shade for cell in counted_rows([[8, 2, 0, 0]] * 4)[0].cells] == [4, 1, 0, 0]
    assert [cell.shade for cell in estimated_rows([[0.2, 0.8, 0, 0]] * 4)[0].cells] == [1, 4, 0, 0]
