"""GET, POST /api/v1/releases/ and GET /api/v1/releases/{id}/file.csv"""

from hashlib import sha256
from http import HTTPStatus

import pytest
from django.test import Client

from labeling.export.releases import publish_release
from labeling.models import Release
from labeling.rules.conflicts import VersionTaken
from tests.labeling.conftest import client_of
from tests.labeling.world import API, at_once, problem, settle

URL = f"{API}/releases/"


def test_a_release_is_a_snapshot_of_the_catalogue(as_cur, candidate, ada, bea, cy):
    settle(candidate, [ada, bea, cy], 2)
    now = as_cur.get(f"{API}/export/consensus.csv").getvalue()
    response = as_cur.post(URL, {"version": "v1", "note": "first"})
    assert response.status_code == HTTPStatus.CREATED
    published = response.json()
    assert (published["version"], published["rows"], published["made_by"]) == ("v1", 6, "cur")
    assert published["sha256"] == sha256(now).hexdigest()
    assert as_cur.get(f"{URL}{published['id']}/file.csv").getvalue() == now


def test_later_votes_do_not_change_it(as_cur, candidate, ada, bea, cy):
    published = as_cur.post(URL, {"version": "v1"}).json()
    settle(candidate, [ada, bea, cy], 2)
    frozen = as_cur.get(f"{URL}{published['id']}/file.csv").getvalue()
    assert sha256(frozen).hexdigest() == published["sha256"]


@pytest.mark.parametrize("version", ["v1", "", "../v1", "v 1", "x" * 51, None])
def test_it_rejects_an_existing_or_invalid_version(as_cur, field, version, settings):
    as_cur.post(URL, {"version": "v1"})
    problem(as_cur.post(URL, {"version": version}), HTTPStatus.BAD_REQUEST)
    assert [path.name for path in settings.RELEASES.iterdir()] == ["v1.csv"]
    assert Release.objects.count() == 1


def test_the_checksum_cannot_be_given_by_the_caller(as_cur, field):
    response = as_cur.post(URL, {"version": "v1", "sha256": "0" * 64, "rows": 99})
    assert set(problem(response, HTTPStatus.BAD_REQUEST)["errors"]) == {"sha256", "rows"}


def test_the_latest_comes_first(as_cur, field):
    for version in ("v1", "v2"):
        as_cur.post(URL, {"version": version})
    assert [row["version"] for row in as_cur.get(URL).json()["results"]] == ["v2", "v1"]


@pytest.mark.django_db(transaction=True)
def test_of_two_concurrent_releases_of_one_version_one_is_made(cur, field):
    answers = at_once(4, lambda _: client_of(cur).post(URL, {"version": "v1"}))
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == HTTPStatus.CREATED
    assert set(codes[1:]) <= {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}
    release = Release.objects.get()
    assert sha256(release.path.read_bytes()).hexdigest() == release.sha256


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_on_the_page_one_is_made_and_the_others_say_so(cur, field, settings):
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    browsers = [Client() for _ in range(6)]
    for browser in browsers:
        browser.force_login(cur)
    answers = at_once(6, lambda k: browsers[k].post("/exports/", {"version": "v1"}))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [HTTPStatus.OK] * 5 + [HTTPStatus.FOUND]
    refusals = [answer.content.decode() for answer in answers if answer.status_code == 200]
    assert all("Release v1 exists already; choose another version." in text for text in refusals)
    release = Release.objects.get()
    assert sha256(release.path.read_bytes()).hexdigest() == release.sha256


def test_a_version_is_published_once(field, cur):
    publish_release(version="v1", by=cur)
    with pytest.raises(VersionTaken, match="Release v1 exists already"):
        publish_release(version="v1", by=cur)
    assert Release.objects.count() == 1


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "was changed after it was written"),
        (lambda path: path.unlink(), "is missing"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read: Is a directory"),
    ],
)
def test_a_damaged_release_is_a_problem_that_names_it(as_cur, field, damage, reason):
    published = as_cur.post(URL, {"version": "v1"}).json()
    damage(Release.objects.get().path)
    answer = as_cur.get(f"{URL}{published['id']}/file.csv")
    refused = problem(answer, HTTPStatus.SERVICE_UNAVAILABLE)
    assert f"v1.csv {reason}" in refused["detail"]
    assert as_cur.get(URL).json()["results"][0]["version"] == "v1"
