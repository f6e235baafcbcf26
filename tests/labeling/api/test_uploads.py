"""uploads/: files in chunks."""

from http import HTTPStatus

import pytest

from labeling.models import ImportJob, Upload
from tests.labeling.conftest import client_of, person
from tests.labeling.world import API, at_once, problem

CONTENT = bytes(range(256)) * 40
SIZE = len(CONTENT)


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.UPLOADS = tmp_path / "uploads"
    settings.DISK_RESERVE_BYTES = 0


def begin(client, name="f555w.fits", size=SIZE, **headers):
    return client.post(f"{API}/uploads/", {"name": name, "size": size}, headers=headers)


def put(client, upload, offset, chunk):
    url = f"{API}/uploads/{upload}/chunks/{offset}/"
    return client.generic("PUT", url, chunk, "application/octet-stream")


@pytest.fixture
def upload(as_admin):
    return begin(as_admin).json()["id"]


def stored(upload):
    return Upload.objects.get(pk=upload).path.read_bytes()


def test_it_stores_the_chunks_in_order(as_admin, upload):
    first = put(as_admin, upload, 0, CONTENT[:4000])
    assert (first.status_code, first.json()["offset"]) == (HTTPStatus.OK, 4000)
    assert not first.json()["complete"]
    last = put(as_admin, upload, 4000, CONTENT[4000:])
    assert last.json()["complete"]
    assert stored(upload) == CONTENT


def test_it_tells_where_to_go_on(as_admin, upload):
    put(as_admin, upload, 0, CONTENT[:4000])
    url = f"{API}/uploads/{upload}/"
    assert as_admin.get(url).json()["offset"] == 4000
    answer = as_admin.head(url)
    assert (answer.headers["Upload-Offset"], answer.headers["Cache-Control"]) == (
        "4000",
        "no-store",
    )


def test_a_chunk_that_is_sent_again_changes_nothing(as_admin, upload):
    for _ in range(2):
        assert put(as_admin, upload, 0, CONTENT[:4000]).json()["offset"] == 4000
    # A client that knows of fewer bytes than have arrived sends some of them again.
    assert put(as_admin, upload, 2000, CONTENT[2000:6000]).json()["offset"] == 6000
    assert stored(upload) == CONTENT[:6000]


def test_other_bytes_at_the_same_place_are_refused(as_admin, upload):
    put(as_admin, upload, 0, CONTENT[:4000])
    problem(put(as_admin, upload, 0, CONTENT[1:4001]), HTTPStatus.CONFLICT)
    assert stored(upload) == CONTENT[:4000]


def test_a_gap_is_refused_with_the_place_to_go_on(as_admin, upload):
    put(as_admin, upload, 0, CONTENT[:4000])
    refusal = problem(put(as_admin, upload, 4001, CONTENT[4001:]), HTTPStatus.CONFLICT)
    assert "4000 bytes" in refusal["detail"]


def test_it_refuses_more_bytes_than_were_announced(as_admin, upload):
    problem(put(as_admin, upload, 0, CONTENT + b"x"), HTTPStatus.CONFLICT)
    problem(put(as_admin, upload, 2**60, b"x"), HTTPStatus.CONFLICT)


def test_it_refuses_an_empty_and_an_oversized_chunk(as_admin, upload, settings):
    problem(put(as_admin, upload, 0, b""), HTTPStatus.BAD_REQUEST)
    settings.UPLOAD_CHUNK_BYTES = 1000
    problem(put(as_admin, upload, 0, bytes(1001)), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


@pytest.mark.parametrize("size", [0, -1, 2**50, True, "many"])
def test_it_refuses_sizes_that_no_file_has(as_admin, size):
    problem(begin(as_admin, size=size), HTTPStatus.BAD_REQUEST)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\f555w.fits", "f555w.fits"),
        (".hidden", "hidden"),
        ("a b\n<c>.tab", "a_bc.tab"),
        ("ngc 1566 (drz).fits.gz", "ngc_1566_drz.fits.gz"),
    ],
)
def test_a_name_leads_nowhere_else(as_admin, settings, name, expected):
    answer = begin(as_admin, name)
    assert answer.json()["name"] == expected
    put(as_admin, answer.json()["id"], 0, b"x")
    path = Upload.objects.get(pk=answer.json()["id"]).path
    assert path.resolve().is_relative_to(settings.UPLOADS.resolve())


@pytest.mark.parametrize("name", ["", "..", "a/..", "/", "\0", "???"])
def test_it_refuses_what_is_no_name(as_admin, name):
    problem(begin(as_admin, name), HTTPStatus.BAD_REQUEST)


def test_a_long_name_is_shortened_and_keeps_its_ending(as_admin):
    name = begin(as_admin, "é" * 400 + ".fits").json()["name"]
    assert name.endswith("é.fits")
    assert len(name.encode()) <= 200


def test_the_same_request_makes_one_upload(as_admin):
    key = {"Idempotency-Key": "drop-1"}
    first, again = (begin(as_admin, **key).json()["id"] for _ in range(2))
    assert first == again
    assert Upload.objects.count() == 1


def test_a_key_whose_upload_is_imported_needs_another(as_admin, admin):
    first = begin(as_admin, **{"Idempotency-Key": "drop-1"}).json()["id"]
    Upload.objects.update(job=ImportJob.objects.create(requested_by=admin))
    problem(begin(as_admin, **{"Idempotency-Key": "drop-1"}), HTTPStatus.NOT_FOUND)
    assert begin(as_admin, **{"Idempotency-Key": "drop-2"}).json()["id"] != first


def test_a_full_disk_is_refused_before_the_first_byte(as_admin, settings):
    settings.DISK_RESERVE_BYTES = 2**60
    refusal = problem(begin(as_admin), HTTPStatus.INSUFFICIENT_STORAGE)
    assert "kept free" in refusal["detail"]
    assert not Upload.objects.exists()


def test_a_disk_that_fills_up_keeps_what_has_arrived(as_admin, upload, settings):
    put(as_admin, upload, 0, CONTENT[:4000])
    settings.DISK_RESERVE_BYTES = 2**60
    problem(put(as_admin, upload, 4000, CONTENT[4000:]), HTTPStatus.INSUFFICIENT_STORAGE)
    assert stored(upload) == CONTENT[:4000]


def test_all_uploads_together_are_limited(as_admin, upload, settings):
    settings.UPLOAD_TOTAL_BYTES = 2 * len(CONTENT)
    assert begin(as_admin).status_code == HTTPStatus.CREATED
    refusal = problem(begin(as_admin, size=1), HTTPStatus.INSUFFICIENT_STORAGE)
    assert "remove files" in refusal["detail"]


def test_it_is_cancelled(as_admin, upload):
    put(as_admin, upload, 0, CONTENT[:4000])
    folder = Upload.objects.get(pk=upload).path.parent
    assert as_admin.delete(f"{API}/uploads/{upload}/").status_code == HTTPStatus.NO_CONTENT
    assert not folder.exists()
    problem(put(as_admin, upload, 4000, CONTENT[4000:]), HTTPStatus.NOT_FOUND)


def test_a_file_that_an_import_reads_cannot_be_deleted(as_admin, admin, upload):
    job = ImportJob.objects.create(requested_by=admin)
    Upload.objects.update(job=job)
    problem(as_admin.delete(f"{API}/uploads/{upload}/"), HTTPStatus.CONFLICT)
    job.cancel()
    assert as_admin.delete(f"{API}/uploads/{upload}/").status_code == HTTPStatus.NO_CONTENT


def test_uploads_are_their_owners_alone(upload):
    other = client_of(person("other", "administrator"))
    problem(other.get(f"{API}/uploads/{upload}/"), HTTPStatus.NOT_FOUND)
    problem(put(other, upload, 0, CONTENT), HTTPStatus.NOT_FOUND)
    assert other.get(f"{API}/uploads/").json()["results"] == []


@pytest.mark.django_db(transaction=True)
def test_the_same_chunk_at_once_is_stored_once(admin, as_admin, upload):
    clients = [client_of(admin) for _ in range(6)]
    answers = at_once(6, lambda k: put(clients[k], upload, 0, CONTENT).status_code)
    assert set(answers) == {HTTPStatus.OK}
    assert stored(upload) == CONTENT
