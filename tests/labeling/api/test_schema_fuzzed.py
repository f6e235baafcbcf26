"""Requests made from the OpenAPI schema: every answer is one that the schema has."""

from collections import defaultdict

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from deploy.wsgi import application
from labeling.export.releases import publish_release
from labeling.models import ApiToken
from tests.labeling.conftest import client_of
from tests.labeling.world import lease_to, make_experiment, make_run, settle, vote

SCHEMA = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]
RESOURCES = defaultdict(list)
for operation in OPERATIONS:
    RESOURCES[operation.path.split("/")[3]].append(operation)
# The first sends requests again with credentials that it does not know to be replaced here; not
# every rule for input is in the schema, such as that a field of the name exists.
NOT_CHECKED = [ignored_auth, positive_data_acceptance]
# Of every operation; the same ones each time.
EXAMPLES = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


class World:
    """Rows of every kind, and how each caller is logged in."""

    def __init__(self, field, people):
        ada, bea, cy, admin = people
        first, second, third, *_ = self.candidates = list(field.candidates.all())
        settle(first, [ada, bea, cy])
        own = vote(second, ada, 2)
        run = make_run(field, admin, {c.pk: 1 / 3 for c in self.candidates})
        run.promote_unjudged(by=admin)
        experiment = make_experiment(field, admin)
        self.names = {"field": field.name, "fields": [field.name], "candidate": third.pk}
        self.rows = {
            "candidates": first.pk,
            "leases": lease_to(third, ada).pk,
            "runs": run.pk,
            "experiments": experiment.pk,
            "releases": publish_release(by=admin, version="v1", note="").pk,
            "tokens": ApiToken.objects.issue(ada, "laptop")[0].pk,
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
        for name in case.path_parameters or {}:
            if name in {"id", "uuid"}:
                case.path_parameters[name] = self.rows[case.path.split("/")[3]]
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


def try_operation(operation, mode, world):
    """Send requests of one operation, as every caller."""

    @EXAMPLES
    @given(operation.as_strategy(generation_mode=mode), st.sampled_from([True, False]))
    def try_case(case, about_rows):
        if about_rows:
            world.put_names(case)
        for caller, cookies in world.cookies.items():
            note(f"{caller}: {operation.method} {operation.path}")
            with transaction.atomic():
                case.call_and_validate(
                    app=application,
                    headers=world.headers,
                    cookies={**(case.cookies or {}), **cookies},
                    excluded_checks=NOT_CHECKED,
                )
                transaction.set_rollback(True)

    try_case()


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE])
def test_every_answer_is_documented(resource, mode, world):
    for operation in RESOURCES[resource]:
        try_operation(operation, mode, world)
