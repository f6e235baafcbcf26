"""GET /api/v1/schema/ and /api/v1/docs/: the API says what it is."""

import re
from http import HTTPStatus

import pytest
from django.core.management import call_command
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import validate

from tests.labeling.world import API


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_it_is_valid(schema):
    validate(schema)


def test_it_is_generated_without_warnings(tmp_path):
    path = tmp_path / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(path))
    assert path.read_text().startswith("openapi: 3")


def test_it_has_every_address(schema):
    resolvers = {str(r.pattern): r for r in get_resolver().url_patterns}
    named = {p.name: str(p.pattern) for p in resolvers["api/v1/"].url_patterns if p.name}
    # The schema's own addresses are no resources; the export is one pattern for four endings.
    for name in ("schema", "docs", "export-consensus"):
        del named[name]
    told = {re.sub(r"{\w+}", "{}", path) for path in schema["paths"]}
    assert {f"{API}/{re.sub('<.*?>', '{}', pattern)}" for pattern in named.values()} <= told
    assert any("/export/consensus" in path for path in told)


def test_every_operation_has_a_description(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (path, method)


def test_a_label_is_a_class_or_unsure(schema):
    label = schema["components"]["schemas"]["VoteIn"]["properties"]["label"]
    assert {"type": "integer", "minimum": 1, "maximum": 4} in label["oneOf"]
    assert any(choice.get("enum") == ["unsure"] for choice in label["oneOf"])


@pytest.mark.parametrize("path", ["schema/", "docs/"])
def test_experts_read_it(as_ada, path, settings):
    # The page's own scripts are collected when the site is served, not for a test.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    assert as_ada.get(f"{API}/{path}").status_code == HTTPStatus.OK


def test_every_operation_says_how_it_refuses(schema):
    problem = {"$ref": "#/components/schemas/Problem"}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            expected = {"400", "401", "403", "404", "503"}
            expected |= set() if method == "get" else {"409", "415", "507"}
            assert expected <= set(operation["responses"]), (path, method)
            for status in expected:
                content = operation["responses"][status]["content"]
                assert content["application/problem+json"]["schema"] == problem


@pytest.mark.parametrize("name", ["VoteIn", "QueueIn", "RunIn", "RunConfigIn", "ReleaseIn"])
def test_a_strict_body_takes_no_other_names(schema, name):
    assert schema["components"]["schemas"][name]["additionalProperties"] is False


def test_the_export_has_four_formats(schema):
    operation = schema["paths"][f"{API}/export/consensus.{{ending}}"]["get"]
    endings = next(p["schema"]["enum"] for p in operation["parameters"] if p["in"] == "path")
    assert endings == ["csv", "ecsv", "fits", "vot"]
    assert set(operation["responses"]["200"]["content"]) == {
        "text/csv", "text/plain", "application/fits", "application/x-votable+xml",
    }  # fmt: skip


def test_the_scaling_of_a_colour_image_has_its_allowed_values(schema):
    parameters = schema["paths"][f"{API}/candidates/{{id}}/rgb.png"]["get"]["parameters"]
    allowed = {p["name"]: p["schema"].get("enum") for p in parameters}
    assert allowed["q"] == [0.5, 1, 2, 4, 6, 8, 11, 15]
    assert allowed["stretch"] == [1.5, 2.5, 4, 7, 12, 20, 35, 60, 100]


def test_a_roll_back_answers_with_the_run(schema):
    responses = schema["paths"][f"{API}/runs/{{id}}/promotion/"]["delete"]["responses"]
    assert "204" not in responses
    assert "application/json" in responses["200"]["content"]
