"""The HTTP API against requests made from its own OpenAPI document, good ones and bad ones; and the document itself."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fuzz_http import fuzzed
from http_stand import Stand, seeded, stand_in
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

OPEN = {"/healthz", "/readyz"}
"""What needs no token: whoever watches over the service asks it."""
EXAMPLES = 6
"""Random requests to each operation, beside every boundary of every parameter."""
SEED = 9


@pytest.fixture(scope="module")
def stand(once: Callable[..., Path], cache: Path) -> Iterator[Stand]:
    """A service without workers."""
    with stand_in(once("http-fuzzed", lambda draft: seeded(draft, cache)), cache) as made:
        yield made


@pytest.fixture(scope="module")
def document(stand: Stand) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = httpx.get(f"{stand.url}/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation and its path."""
    for path, methods in document["paths"].items():
        yield from ((path, operation) for operation in methods.values())


def test_the_document_is_openapi(document: dict[str, Any]) -> None:
    """It is what the schema of OpenAPI 3.1 says a document is."""
    assert document["openapi"].startswith("3.1.")
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    """A summary, a description, a name that no other has, and for every error a problem."""
    found = list(operations(document))
    assert len({operation["operationId"] for _, operation in found}) == len(found)
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, operation in found:
        assert operation["summary"], path
        assert operation["description"], path
        refusals = {status: each["content"] for status, each in operation["responses"].items() if status[0] in "45"}
        assert {"4XX", "5XX"} <= refusals.keys(), path
        assert all(content == problem for content in refusals.values()), path


def test_all_but_health_needs_a_token(document: dict[str, Any], stand: Stand) -> None:
    """The document says so of each operation, and so it is."""
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for path, operation in operations(document):
        assert bool(operation.get("security")) is (path not in OPEN), path
    sample = {"id": "0" * 32, "name": "count_words"}
    for path, methods in document["paths"].items():
        for method in methods:
            answer = httpx.request(method, stand.url + path.format_map(sample), json={})
            assert (answer.status_code == 401) is (path not in OPEN), (method, path, answer.text)


def test_a_name_that_is_empty_is_nothing(stand: Stand) -> None:
    """The address of a function without its name is not that of the list."""
    headers = {"Authorization": f"Bearer {stand.token}"}
    assert httpx.get(f"{stand.url}/v1/functions/", headers=headers).status_code == 404


def test_no_request_breaks_it(stand: Stand) -> None:
    """No 500, no answer that the document does not know, nothing bad accepted, no way around the token."""
    words = ("--max-examples", str(EXAMPLES), "--seed", str(SEED), "--generation-deterministic", "--no-shrink")
    done = fuzzed(stand, *words, "--phases", "coverage,fuzzing,stateful")
    assert done.returncode == 0, done.stdout
    assert [event for event in stand.events if event.action == "http.failed"] == []
