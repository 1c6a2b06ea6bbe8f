"""The client is what the OpenAPI document says: each operation, its fields and its answer; and no more than that."""

import inspect
import json
import typing
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, TypeAdapter

from agent.client import Client
from agent.client.operations import Operations
from agent.service.requests import (
    AnswerRequest,
    EnhanceRequest,
    ModelAsk,
    RollbackRequest,
    TaskRequest,
)
from integrations.http.app import application
from registry import TaskState

TASK = "0" * 31 + "1"
SAMPLES: dict[Any, Any] = {
    TaskRequest: TaskRequest(task="count words", arguments={"text": "a b"}),
    EnhanceRequest: EnhanceRequest(improvement="more"),
    AnswerRequest: AnswerRequest(value=None),
    RollbackRequest: RollbackRequest(version="1.0.0"),
    ModelAsk: ModelAsk(task="say hello"),
}
"""A body of each kind that cannot be empty."""
BY_NAME: dict[str, Any] = {
    "task_id": TASK, "name": "count_words", "key": "k", "wait_s": 1.0, "version": "1.0.0", "old": "1.0.0",
    "new": "1.0.1", "limit": 7, "cursor": TASK, "query": "words", "state": (TaskState.DONE,), "after": 5,
}  # fmt: skip
"""An argument for every parameter."""
UNSENT = {("follow_task", "query", "after")}
"""What the client says in another way: `Last-Event-ID` is the same, and browsers alone cannot set it the first time."""


class Sent(Exception):
    """A request that would have been sent."""

    def __init__(self, request: httpx.Request) -> None:
        super().__init__(str(request.url))
        self.request = request


class Recorder(httpx.BaseTransport):
    """Sends nothing and tells what would have been sent."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        raise Sent(request)


def document() -> dict[str, Any]:
    """The OpenAPI document; it takes no service to make."""
    made: Any = application(typing.cast(Any, Nothing()), is_open=False, take=print, tell=print).openapi()
    return typing.cast(dict[str, Any], json.loads(json.dumps(made)))


class Nothing:
    """A service of which nothing is asked but what the application is made with."""

    tokens = None
    functions = SimpleNamespace(runs=1, turn_s=1.0)


DOCUMENT = document()
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    if path.startswith("/v1/")
    for method, operation in methods.items()
}
METHODS = {name: method for name, method in inspect.getmembers(Operations, inspect.isfunction) if name[0] != "_"}


def whole(schema: Any, named: Mapping[str, Any]) -> Any:
    """The schema with what it refers to, and without titles, descriptions and defaults: those are for people.

    Nor with `contentMediaType`, which FastAPI adds to what is in base64.
    """
    if isinstance(schema, list):
        return [whole(each, named) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return whole(named[schema["$ref"].rpartition("/")[2]], named)
    left_out = ("title", "description", "default", "contentMediaType")
    return {key: whole(each, named) for key, each in schema.items() if key not in left_out or isinstance(each, dict)}


def documented(schema: Any) -> Any:
    """A schema of the document, whole."""
    return whole(schema, DOCUMENT["components"]["schemas"])


def schema_of(kind: Any, mode: typing.Literal["validation", "serialization"]) -> Any:
    """The schema of a Python type, whole."""
    made = TypeAdapter(kind).json_schema(mode=mode)
    return whole(made, made.pop("$defs", {}))


def arguments_of(name: str) -> dict[str, Any]:
    """An argument for each parameter of the method."""
    hints = typing.get_type_hints(METHODS[name])
    found = {}
    for parameter in list(inspect.signature(METHODS[name]).parameters.values())[1:]:
        kind = hints[parameter.name]
        is_body = isinstance(kind, type) and issubclass(kind, BaseModel)
        found[parameter.name] = SAMPLES.get(kind, parameter.default) if is_body else BY_NAME[parameter.name]
    return found


def sent_by(name: str) -> httpx.Request:
    """What the method sends with every argument given."""
    with Client("http://kowal.invalid", token="t") as client:
        client._line._http = httpx.Client(base_url=client._line.url, transport=Recorder())
        with pytest.raises(Sent) as caught:
            next(METHODS[name](client, **arguments_of(name)))
    return caught.value.request


def test_every_operation_is_a_method_and_no_other() -> None:
    """What the document has the client has, under the same name."""
    assert METHODS.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_method_sends_what_the_document_says(name: str) -> None:
    """Method, path, every parameter of query and header and none beyond, and a body where one is wanted."""
    method, path, operation = OPERATIONS[name]
    request = sent_by(name)
    assert request.method == method.upper()
    given = {
        each["name"]: BY_NAME[{"id": "task_id"}.get(each["name"], each["name"])] for each in in_(operation, "path")
    }
    assert request.url.path == path.format(**given)
    wanted = {each["name"] for each in in_(operation, "query")} - {n for o, p, n in UNSENT if (o, p) == (name, "query")}
    assert set(request.url.params.keys()) == wanted
    headers = {each["name"].lower() for each in in_(operation, "header")}
    assert {each for each in request.headers if each in ("idempotency-key", "last-event-id")} == headers
    assert bool(request.read()) == ("requestBody" in operation)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "requestBody" in OPERATIONS[name][2]])
def test_a_body_is_the_document_s(name: str) -> None:
    """The model that the method takes has the schema of the document, field by field."""
    hints = typing.get_type_hints(METHODS[name])
    (kind,) = [kind for kind in hints.values() if isinstance(kind, type) and kind.__module__.endswith("requests")]
    content = OPERATIONS[name][2]["requestBody"]["content"]["application/json"]
    assert schema_of(kind, "validation") == documented(content["schema"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_answer_is_the_document_s(name: str) -> None:
    """What the method gives has the schema of every success that the document names; pages come one by one."""
    kind = typing.get_type_hints(METHODS[name])["return"]
    answers = [answer for status, answer in OPERATIONS[name][2]["responses"].items() if status.startswith("2")]
    media = {"follow_task": "text/event-stream", "get_file": "application/octet-stream"}.get(name, "application/json")
    assert [list(answer["content"]) for answer in answers] == [[media]] * len(answers)
    if media == "application/json":
        given = typing.get_args(kind)[0] if typing.get_origin(kind) is Iterator else kind
        wanted = [documented(answer["content"][media]["schema"]) for answer in answers]
        assert wanted == [schema_of(given, "serialization")] * len(answers)


def in_(operation: dict[str, Any], place: str) -> list[dict[str, Any]]:
    """The operation's parameters in the path, the query or the headers."""
    return [each for each in operation.get("parameters", ()) if each["in"] == place]


def test_the_client_is_light() -> None:
    """A program that only asks a service loads neither queue nor database nor server."""
    import subprocess
    import sys

    heavy = "dbos sqlalchemy alembic fastapi starlette uvicorn mcp git docker eryx"
    program = f"import sys, agent.client; print([name for name in {heavy.split()} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"
