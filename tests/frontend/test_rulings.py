"""Rulings of curators: seen, corrected and withdrawn, on their list and on the candidate's page."""

import re

import pytest

from frontend.views import disagreements
from labeling.models import Adjudication, Consensus
from tests.labeling.world import make_field, only_sample, promote, settle, vote


@pytest.fixture
def settled(candidate, people):
    """A candidate on which all experts agree."""
    settle(candidate, [people[name] for name in ("ada", "bea", "cy")], 2)
    return candidate


def fingerprint_in(page):
    """The hidden fingerprint in the first form of the page."""
    return re.search('name="fingerprint" value="([^"]+)"', page)[1]


def page_of(client, candidate):
    return client.get(f"/candidates/{candidate.pk}/").content.decode()


def withdraw(client, ruling, **form):
    """Send the form that withdraws a ruling; the page that follows."""
    answer = client.post(f"/disagreements/rulings/{ruling.pk}/withdrawal/", form, follow=True)
    return answer.content.decode()


def test_the_list_has_who_when_class_reason_and_state(browse, settled, people):
    first = settled.adjudicate(people["cur"], 1, "round <b>")
    second = settled.adjudicate(people["admin"], 4, "a star")
    second.withdraw(people["cur"])
    page = browse("cur").get("/disagreements/rulings/").content.decode()
    assert "2 rulings" in page
    assert page.index("a star") < page.index("round &lt;b&gt;")
    assert page.count(f"{first.decided_at:%Y-%m-%d %H:%M}") >= 2
    for words in ('withdrawn</span> <span class="quiet">by cur', "corrected</span>", "by admin"):
        assert words in page
    assert "Withdraw the ruling" not in page


def test_the_list_is_of_one_field_in_pages_and_disclosed(browse, people, field, monkeypatch):
    monkeypatch.setattr(disagreements, "RULINGS_PAGE_SIZE", 2)
    other = make_field("ngc2")
    for candidate in [*field.candidates.all()[:3], other.candidates.first()]:
        candidate.adjudicate(people["admin"], 1, "compact")
    page = browse("cur").get("/disagreements/rulings/?field=ngc1&page=2").context["page"]
    assert (page.paginator.count, len(page)) == (3, 1)
    shown = people["cur"].disclosures.values_list("candidate", flat=True)
    assert list(shown) == [field.candidates.first().pk]


def test_a_curator_withdraws_a_ruling_from_the_list(browse, settled, people):
    ruling = settled.adjudicate(people["admin"], 1, "compact")
    client = browse("cur")
    assert "Withdraw the ruling" in client.get("/disagreements/rulings/").content.decode()
    page = withdraw(client, ruling, return_to="/disagreements/rulings/?field=ngc1")
    assert "is withdrawn by cur: the votes decide again" in page
    assert Consensus.objects.get().label == 2
    assert Adjudication.objects.get().withdrawn_by == people["cur"]


def test_a_ruling_that_somebody_corrected_meanwhile_stays(browse, settled, people):
    ruling = settled.adjudicate(people["cur"], 1, "compact")
    settled.adjudicate(people["admin"], 4, "a star")
    page = withdraw(browse("cur"), ruling)
    assert "has been corrected by admin" in page
    assert Consensus.objects.get().label == 4


def test_it_returns_to_no_other_site(browse, settled, people):
    ruling = settled.adjudicate(people["cur"], 1, "compact")
    form = {"return_to": "https://example.org/"}
    answer = browse("cur").post(f"/disagreements/rulings/{ruling.pk}/withdrawal/", form)
    assert answer["Location"] == "/disagreements/rulings/"


def test_a_curator_corrects_a_ruling_on_the_candidates_page(browse, settled, people):
    settled.adjudicate(people["admin"], 1, "compact")
    client, address = browse("cur"), f"/candidates/{settled.pk}/"
    page = page_of(client, settled)
    assert all(words in page for words in ("admin, curator", "compact", "Correct the ruling"))
    form = {"label": "3", "reason": "two peaks", "return_to": address}
    form["fingerprint"] = fingerprint_in(page)
    after = client.post(f"/disagreements/{settled.pk}/", form, follow=True)
    assert after.redirect_chain[-1][0] == address
    assert "corrected</span>" in after.content.decode()
    assert Consensus.objects.get().label == 3


@pytest.mark.parametrize("change", ["a ruling", "a withdrawal", "a vote"])
def test_of_two_curators_at_once_the_second_reads_again(browse, settled, people, change):
    ruling = settled.adjudicate(people["admin"], 1, "compact")
    client = browse("cur")
    fingerprint = fingerprint_in(page_of(client, settled))
    if change == "a ruling":
        settled.adjudicate(people["admin"], 4, "a star")
    elif change == "a withdrawal":
        ruling.withdraw(people["admin"])
    else:
        vote(settled, people["bea"], 4)
    before = settled.adjudications.count()
    form = {"label": "3", "reason": "two peaks", "return_to": f"/candidates/{settled.pk}/"}
    answer = client.post(f"/disagreements/{settled.pk}/", form | {"fingerprint": fingerprint})
    assert answer["Location"] == f"/candidates/{settled.pk}/#ruling"
    assert settled.adjudications.count() == before
    page = page_of(client, settled)
    assert 'value="two peaks"' in page
    assert "was added or taken back after you opened the page" in page
    form["fingerprint"] = fingerprint_in(page)
    client.post(f"/disagreements/{settled.pk}/", form)
    assert Consensus.objects.get().label == 3


def test_experts_see_the_history_after_their_vote_and_cannot_rule(browse, candidate, people):
    candidate.adjudicate(people["cur"], 1, "FWHM of 2.4 px").withdraw(people["admin"])
    assert "FWHM of 2.4 px" not in page_of(browse("ada"), candidate)
    vote(candidate, people["ada"], 2)
    page = page_of(browse("ada"), candidate)
    assert all(
        words in page
        for words in ("cur, curator", "FWHM of 2.4 px", "withdrawn</span>", "by admin")
    )
    assert "/disagreements/" not in page
    assert "/withdrawal/" not in page


def test_the_network_stays_hidden_on_control_candidates_until_ones_own_ruling(
    browse, people, field
):
    candidate = only_sample(field, control=True).candidates.first()
    promote(field, people["admin"], {c.pk: 1.234 for c in field.candidates.all()})
    candidate.adjudicate(people["admin"], 1, "compact").withdraw(people["admin"])
    page = page_of(browse("cur"), candidate)
    assert "Rule on this candidate" in page
    assert "Entropy" not in page
    assert "Entropy" not in browse("cur").get("/disagreements/rulings/").content.decode()
    assert "Entropy" in page_of(browse("admin"), candidate)
