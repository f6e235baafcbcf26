"""Every page, for every role: what it answers."""

from hashlib import sha256
from http import HTTPStatus

import pytest
from django.templatetags.static import static

from classifier.core.training_set import encode_training_set
from frontend.urls import urlpatterns
from labeling.models import Application, ImportJob
from tests.labeling.world import make_experiment, make_run

pytestmark = pytest.mark.beside("sqlite")

FOR_EXPERTS = ("/", "/classify/", "/candidates/", "/candidates/{candidate}/", "/fields/ngc1/")
FOR_EXPERTS += ("/agreement/", "/agreement/questions/", "/runs/", "/runs/{run}/", "/guide/")
FOR_EXPERTS += ("/experiments/", "/experiments/{experiment}/")
FOR_EXPERTS += ("/runs/{run}/applications/",)
FOR_EXPERTS += ("/runs/{run}/figures/seen.svg", "/experiments/{experiment}/figures/seen.csv")
FOR_CURATORS = ("/disagreements/", "/disagreements/rulings/", "/agreement/diagnosis/", "/exports/")
FOR_CURATORS += ("/runs/{run}/training-set.csv",)
FOR_CURATORS += ("/experiments/{experiment}/training-sets/votes.csv",)
FOR_ADMINISTRATORS = ("/imports/", "/imports/new/", "/imports/jobs/{import_job}/")
FOR_ADMINISTRATORS += ("/imports/jobs/{import_job}/map.png", "/imports/{catalogue}/removal/")
OPEN = ("/login/", "/whoami/")
POSTED = (
    "/logout/",
    "/candidates/{candidate}/comments/",
    "/disagreements/{candidate}/",
    "/disagreements/rulings/{ruling}/withdrawal/",
    "/runs/{run}/cancel/",
    "/experiments/{experiment}/cancel/",
    "/applications/{application}/cancel/",
    "/imports/jobs/{import_job}/cancel/",
)


@pytest.fixture
def address(candidate, people):
    """Fills the ids in, of rows whose files are there."""
    run = make_run(candidate.field, people["admin"])
    experiment = make_experiment(candidate.field, people["admin"])
    content = encode_training_set([])
    digest = sha256(content).hexdigest()
    run.outcome, experiment.report = {"figures": ["seen"]}, {"figures": ["seen"]}
    run.manifest_sha256, experiment.training_sets[0]["sha256"] = digest, digest
    run.save()
    experiment.save()
    experiment.training_set_path("votes").parent.mkdir(parents=True)
    experiment.training_set_path("votes").write_bytes(content)
    run.directory.mkdir(parents=True)
    run.manifest_path.write_bytes(content)
    for job in (run, experiment):
        job.figures_directory.mkdir(parents=True)
        for ending in ("svg", "csv"):
            (job.figures_directory / f"seen.{ending}").write_text("drawn")
    job = ImportJob.objects.create(requested_by=people["admin"], options={"field": "ngc1"})
    job.directory.mkdir(parents=True)
    (job.directory / "map.png").write_bytes(b"drawn")
    numbers = {"candidate": candidate.pk, "run": run.pk, "experiment": experiment.pk}
    application = Application.objects.request(run, candidate.field, people["admin"])
    numbers |= {"application": application.pk}
    numbers |= {"import_job": job.pk, "catalogue": candidate.catalogue_import_id}
    numbers["ruling"] = candidate.adjudicate(people["cur"], 1, "compact").pk
    return lambda page: page.format(**numbers)


def test_every_page_is_tested():
    assert len(urlpatterns) == len(FOR_EXPERTS + FOR_CURATORS + FOR_ADMINISTRATORS + OPEN + POSTED)


@pytest.mark.parametrize("page", FOR_EXPERTS + FOR_CURATORS + FOR_ADMINISTRATORS)
def test_it_asks_visitors_to_log_in(browse, address, page):
    response = browse().get(address(page))
    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("page", FOR_EXPERTS + FOR_CURATORS + FOR_ADMINISTRATORS)
def test_it_refuses_accounts_without_a_role(browse, address, page):
    response = browse("stranger").get(address(page))
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert "role" in response.content.decode()


@pytest.mark.parametrize("name", ["ada", "cur", "admin"])
@pytest.mark.parametrize("page", FOR_EXPERTS + FOR_CURATORS + FOR_ADMINISTRATORS)
def test_it_opens_pages_by_role(browse, address, page, name):
    closed = page in FOR_CURATORS and name == "ada"
    closed |= page in FOR_ADMINISTRATORS and name != "admin"
    expected = HTTPStatus.FORBIDDEN if closed else HTTPStatus.OK
    assert browse(name).get(address(page)).status_code == expected


FORMS = ("/", "/runs/", "/experiments/", "/exports/", "/imports/new/")
FORMS += ("/imports/{catalogue}/removal/", "/runs/{run}/applications/")
PAGES = {*FOR_EXPERTS, *FOR_CURATORS, *FOR_ADMINISTRATORS, "/whoami/"}


@pytest.mark.parametrize("page", sorted(PAGES - {*FORMS}))
def test_pages_without_a_form_refuse_to_take_one(browse, address, page):
    assert browse("admin").post(address(page)).status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("page", POSTED)
def test_what_is_only_posted_is_no_page(browse, address, page):
    assert browse("admin").get(address(page)).status_code == HTTPStatus.METHOD_NOT_ALLOWED


CHANGES = ["/runs/{run}/cancel/", "/runs/{run}/promote/", "/runs/", "/experiments/"]
CHANGES += ["/imports/new/", "/imports/{catalogue}/removal/"]
CHANGES += ["/imports/jobs/{import_job}/confirm/"]
CHANGES += ["/experiments/{experiment}/cancel/", "/experiments/{experiment}/resume/"]


@pytest.mark.parametrize("page", CHANGES)
@pytest.mark.parametrize("name", ["ada", "cur"])
def test_it_leaves_runs_to_administrators(browse, address, page, name):
    assert browse(name).post(address(page)).status_code == HTTPStatus.FORBIDDEN


def test_it_leaves_ties_to_curators(browse, address):
    page = address("/disagreements/{candidate}/")
    assert browse("ada").post(page).status_code == HTTPStatus.FORBIDDEN


def test_it_names_the_account_of_the_session(browse):
    assert browse("ada").get("/whoami/").json() == {"user": "ada"}
    assert browse().get("/whoami/").json() == {"user": ""}


def test_a_missing_page_is_explained(browse, field):
    response = browse("ada").get("/fields/nowhere/")
    assert response.status_code == HTTPStatus.NOT_FOUND
    assert "There is no page at this address" in response.content.decode()


def test_the_default_address_of_the_icon_is_redirected(browse):
    response = browse().get("/favicon.ico")
    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"] == static("frontend/asterism.svg")
