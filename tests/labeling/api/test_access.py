"""Who may call what: every address of the API, by role and method."""

from http import HTTPStatus
from uuid import UUID

import pytest
from django.urls import get_resolver

from labeling.export.releases import publish_release
from labeling.models import Application
from tests.labeling.conftest import client_of
from tests.labeling.world import API, lease_to, make_experiment, make_run

ROLES = ("nobody", "stranger", "expert", "curator", "administrator")
STRANGER, EXPERT, CURATOR, ADMINISTRATOR = 1, 2, 3, 4

# By name of the address: from which role on (its place in ROLES) each method is open.
TABLE = {
    "queue": {"POST": EXPERT},
    "lease": {"PUT": EXPERT, "DELETE": EXPERT},
    "skip": {"PUT": EXPERT},
    "candidates": {"GET": EXPERT},
    "candidate": {"GET": EXPERT},
    "stamps-npy": {"GET": EXPERT},
    "stamps-fits": {"GET": EXPERT},
    "rgb": {"GET": EXPERT},
    "neighbours": {"GET": EXPERT},
    # An expert has to vote first; whoever has not is told so by this very code.
    "opinions": {"GET": CURATOR},
    "comments": {"GET": CURATOR, "POST": CURATOR},
    "vote": {"PUT": EXPERT, "DELETE": EXPERT},
    "progress": {"GET": EXPERT},
    "tokens": {"GET": STRANGER, "POST": STRANGER},
    "token": {"DELETE": STRANGER},
    "uploads": {"GET": ADMINISTRATOR, "POST": ADMINISTRATOR},
    "upload": {"GET": ADMINISTRATOR, "DELETE": ADMINISTRATOR},
    "upload-chunk": {"PUT": ADMINISTRATOR},
    "preferences": {"GET": STRANGER, "PATCH": STRANGER},
    "consensus": {"GET": EXPERT},
    "adjudications": {"GET": CURATOR, "POST": CURATOR},
    "adjudication": {"DELETE": CURATOR},
    "agreement": {"GET": EXPERT},
    "agreement-file": {"GET": EXPERT},
    "agreement-group": {"GET": CURATOR},
    "agreement-group-file": {"GET": CURATOR},
    "diagnosis-posteriors": {"GET": CURATOR},
    "diagnosis-matrices": {"GET": CURATOR},
    "runs": {"GET": EXPERT, "POST": ADMINISTRATOR},
    "run": {"GET": EXPERT},
    "promotion": {"POST": ADMINISTRATOR, "DELETE": ADMINISTRATOR},
    "cancellation": {"POST": ADMINISTRATOR},
    "resumption": {"POST": ADMINISTRATOR},
    "run-applications": {"GET": EXPERT, "POST": ADMINISTRATOR},
    "application": {"GET": EXPERT},
    "application-promotion": {"POST": ADMINISTRATOR, "DELETE": ADMINISTRATOR},
    "application-cancellation": {"POST": ADMINISTRATOR},
    "application-resumption": {"POST": ADMINISTRATOR},
    "experiments": {"GET": EXPERT, "POST": ADMINISTRATOR},
    "experiment": {"GET": EXPERT},
    "experiment-cancellation": {"POST": ADMINISTRATOR},
    "experiment-resumption": {"POST": ADMINISTRATOR},
    "export-consensus": {"GET": CURATOR},
    "export-votes": {"GET": CURATOR},
    "releases": {"GET": CURATOR, "POST": CURATOR},
    "release-file": {"GET": CURATOR},
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@pytest.fixture
def address(field, admin, cur):
    """The address of a name, of rows that are there."""
    candidate = field.candidates.first()
    run = make_run(field, admin)
    experiment = make_experiment(field, admin)
    application = Application.objects.request(run, field, admin)
    release = publish_release(version="v1", by=cur)
    lease = lease_to(candidate, admin, "pool")
    paths = {
        "lease": f"leases/{lease.pk}/",
        "skip": f"leases/{lease.pk}/skip/",
        "candidate": f"candidates/{candidate.pk}/",
        "stamps-npy": f"candidates/{candidate.pk}/stamps.npy",
        "stamps-fits": f"candidates/{candidate.pk}/stamps.fits",
        "rgb": f"candidates/{candidate.pk}/rgb.png",
        "neighbours": f"candidates/{candidate.pk}/neighbours/",
        "opinions": f"candidates/{candidate.pk}/opinions/",
        "comments": f"candidates/{candidate.pk}/comments/",
        "vote": f"votes/{UUID(int=7)}/",
        "adjudication": "adjudications/0/",
        "token": "tokens/0/",
        "upload": "uploads/0/",
        "upload-chunk": "uploads/0/chunks/0/",
        "run": f"runs/{run.pk}/",
        "agreement-file": "agreement.csv",
        "agreement-group": "agreement/group/",
        "agreement-group-file": "agreement/group.csv",
        "diagnosis-posteriors": "agreement/diagnosis/posteriors.csv",
        "diagnosis-matrices": "agreement/diagnosis/matrices.csv",
        "promotion": f"runs/{run.pk}/promotion/",
        "cancellation": f"runs/{run.pk}/cancellation/",
        "resumption": f"runs/{run.pk}/resumption/",
        "run-applications": f"runs/{run.pk}/applications/",
        "application": f"applications/{application.pk}/",
        "application-promotion": f"applications/{application.pk}/promotion/",
        "application-cancellation": f"applications/{application.pk}/cancellation/",
        "application-resumption": f"applications/{application.pk}/resumption/",
        "experiment": f"experiments/{experiment.pk}/",
        "experiment-cancellation": f"experiments/{experiment.pk}/cancellation/",
        "experiment-resumption": f"experiments/{experiment.pk}/resumption/",
        "export-consensus": "export/consensus.csv",
        "export-votes": "export/votes.csv",
        "release-file": f"releases/{release.pk}/file.csv",
    }
    return lambda name: f"{API}/{paths.get(name, f'{name}/')}"


@pytest.fixture
def clients(as_nobody, as_stranger, as_ada, as_cur, as_admin):
    return dict(zip(ROLES, (as_nobody, as_stranger, as_ada, as_cur, as_admin), strict=True))


def called(client, method, url):
    """The answer's code."""
    return client.generic(method, url, "{}", "application/json").status_code


@pytest.mark.parametrize("name", TABLE)
def test_each_role_may_do_what_the_table_says(name, address, clients):
    for method, least in TABLE[name].items():
        for rank, role in enumerate(ROLES):
            code = (
                clients[role].generic(method, address(name), "{}", "application/json").status_code
            )
            assert (code in REFUSED) == (rank < least), (role, method, code)
            assert code != HTTPStatus.INTERNAL_SERVER_ERROR


@pytest.mark.parametrize("name", TABLE)
def test_no_address_accepts_a_method_outside_the_table(name, address, as_admin):
    for method in set(METHODS) - set(TABLE[name]):
        assert called(as_admin, method, address(name)) == HTTPStatus.METHOD_NOT_ALLOWED, method


def test_the_table_has_every_address():
    patterns = [
        pattern
        for resolver in get_resolver().url_patterns
        if str(resolver.pattern) == "api/v1/"
        for pattern in resolver.url_patterns
    ]
    # The last one answers 404 to all other addresses.
    assert [pattern.name for pattern in patterns].index(None) == len(patterns) - 1
    assert {pattern.name for pattern in patterns} - set(TABLE) == {"schema", "docs", None}


def test_a_refusal_does_not_reveal_whether_a_row_exists(address, as_nobody, as_stranger):
    for client in (as_nobody, as_stranger):
        there = client.get(address("candidate"))
        missing = client.get(f"{API}/candidates/0/")
        assert there.status_code == missing.status_code
        assert there.json()["detail"] == missing.json()["detail"]


def test_a_superuser_may_do_everything(address, db, django_user_model):
    root = client_of(django_user_model.objects.create_superuser("root"))
    assert root.get(address("export-votes")).status_code == HTTPStatus.OK
    assert root.post(address("promotion")).status_code == HTTPStatus.OK


def test_only_its_expert_can_use_a_lease(address, as_admin, as_ada):
    assert as_ada.put(address("lease")).status_code == HTTPStatus.NOT_FOUND
    assert as_admin.put(address("lease")).status_code == HTTPStatus.OK
