"""Requests made from the OpenAPI schema: every answer is one that the schema has."""

from collections import defaultdict
from http import HTTPStatus

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from deploy.wsgi import application
from labeling.export.releases import publish_release
from labeling.models import ApiToken, Application, Upload
from tests.labeling.conftest import client_of
from tests.labeling.world import (
    API,
    lease_to,
    make_experiment,
    make_run,
    only_sample,
    promote,
    settle,
    vote,
)

pytestmark = pytest.mark.beside("postgresql")

SCHEMA = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]
RESOURCES = defaultdict(list)
for operation in OPERATIONS:
    RESOURCES[operation.path.removeprefix(f"{API}/").split("/")[0]].append(operation)
# The first sends requests again with credentials that are replaced here. Input has rules that are
# not in the schema, such as that a field of the name exists, and DRF reads "5" as the number 5.
NOT_CHECKED = [ignored_auth, positive_data_acceptance, negative_data_rejection]
# Of every operation; the same ones each time.
EXAMPLES = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def apply_to(run, field, status):
    """An application of the run to the field, in this state."""
    about = {"run": run, "field": field, "requested_by": run.requested_by}
    return Application.objects.create(**about, status=status)


class World:
    """Rows of every kind, and how each caller is logged in."""

    def __init__(self, field, people):
        ada, bea, cy, admin = people
        only_sample(field, control=False)
        first, second, third, fourth, *_ = field.candidates.all()
        settle(first, [ada, bea, cy], 1)
        settle(fourth, [ada, bea, cy], 2)
        own = vote(second, ada, 2)
        run = promote(field, admin, {c.pk: 1 / 3 for c in field.candidates.all()})
        self.names = {"field": field.name, "fields": [field.name], "candidate": third.pk}
        self.rows = {
            "adjudications": first.adjudicate(admin, 1, "compact").pk,
            "candidates": first.pk,
            "leases": lease_to(third, ada).pk,
            "runs": run.pk,
            "runs/cancellation": make_run(field, admin, status="queued").pk,
            "runs/resumption": make_run(field, admin, status="failed").pk,
            "runs/applications": make_run(field, admin).pk,
            "applications": apply_to(run, field, "ready").pk,
            "applications/cancellation": apply_to(run, field, "queued").pk,
            "applications/resumption": apply_to(make_run(field, admin), field, "failed").pk,
            "experiments": make_experiment(field, admin).pk,
            "experiments/resumption": make_experiment(field, admin, "failed").pk,
            "releases": publish_release(by=admin, version="v1", note="").pk,
            "tokens": ApiToken.objects.issue(ada, "laptop")[0].pk,
            "uploads": Upload.objects.begin(admin, "f555w.fits", 2**20).pk,
            "votes": str(own.pk),
        }
        csrf = "a" * 32
        self.headers = {"X-CSRFToken": csrf}
        self.cookies = {"nobody": {}}
        for user in (ada, admin):
            cookies = {name: morsel.value for name, morsel in client_of(user).cookies.items()}
            self.cookies[user.username] = {django_settings.CSRF_COOKIE_NAME: csrf, **cookies}

    def put_names(self, case):
        """Let the case be about rows that exist."""
        resource, *rest = case.path.removeprefix(f"{API}/").rstrip("/").split("/")
        action = rest[-1] if rest else ""
        row = self.rows.get(f"{resource}/{action}", self.rows.get(resource))
        for name in case.path_parameters or {}:
            # A vote is put under a new UUID.
            if name in {"id", "uuid"} and (resource, case.method) != ("votes", "PUT"):
                case.path_parameters[name] = row
            if name == "offset":
                case.path_parameters[name] = 0
        for values in (case.query, case.body):
            if isinstance(values, dict):
                values.update({name: self.names[name] for name in values if name in self.names})


@pytest.fixture
def world(imported, ada, bea, cy, admin):
    return World(imported, (ada, bea, cy, admin))


@pytest.fixture(autouse=True)
def _keep_connection():
    """Stay in the test's transaction, as Django's own test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def statuses_of(operation, mode, world):
    """Send requests of one operation, as every caller; the statuses of the answers."""
    statuses = set()

    @settings(EXAMPLES, max_examples=8 if operation.body else 4)
    @given(operation.as_strategy(generation_mode=mode), st.sampled_from([True, False]))
    def try_case(case, about_rows):
        if about_rows:
            world.put_names(case)
        for caller, cookies in world.cookies.items():
            note(f"{caller}: {operation.label}")
            with transaction.atomic():
                response = case.call_and_validate(
                    app=application,
                    headers=world.headers,
                    cookies={**(case.cookies or {}), **cookies},
                    excluded_checks=NOT_CHECKED,
                )
                transaction.set_rollback(True)
            statuses.add(response.status_code)

    try_case()
    return statuses


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_answer_to_a_valid_request_is_documented(resource, world):
    for operation in RESOURCES[resource]:
        statuses = statuses_of(operation, GenerationMode.POSITIVE, world)
        assert min(statuses) < HTTPStatus.MULTIPLE_CHOICES, (operation.label, statuses)


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_answer_to_an_invalid_request_is_documented(resource, world):
    for operation in RESOURCES[resource]:
        # What takes nothing cannot be sent anything invalid.
        if operation.body or operation.query or operation.path_parameters:
            statuses_of(operation, GenerationMode.NEGATIVE, world)
