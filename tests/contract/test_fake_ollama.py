"""The fake Ollama server, held to Ollama's published contract and to the real client."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import jsonschema_rs
import ollama
import pytest

from integrations.llm.fake_ollama import FakeOllama, Model, Rule, Script

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
CONTRACT = SHARED / "contracts/ollama/openapi.yaml"
SCRIPT = Script(
    models=(Model(name="gemma3:latest"), Model(name="thinker:7b", capabilities=("completion", "thinking"))),
    rules=(
        Rule(match="think", reply="Four.", thinking="2 and 2"),
        Rule(match="hi", reply="Hello, how are you?"),
        Rule(match="long", reply="a b c d e f"),
    ),
)
HI = [{"role": "user", "content": "hi"}]
TOOL = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture
def server():
    """The fake, listening."""
    with FakeOllama(SCRIPT) as fake:
        yield fake


@pytest.fixture
def client(server):
    """The real client, speaking to the fake."""
    with ollama.Client(host=server.url) as real:
        yield real


@pytest.fixture(scope="module")
def contract():
    """Ollama's published contract."""
    yaml = pytest.importorskip("yaml", reason="reading the published contract needs PyYAML")
    if not CONTRACT.exists():
        pytest.skip("Ollama's published contract (KOWAL_SHARED) is not here")
    return yaml.safe_load(CONTRACT.read_text())


def held_to(contract, schema: str, value: dict) -> None:
    """Fail unless the value fits the contract's schema and has no key that it does not know."""
    components = contract["components"]
    whole = {"$ref": f"#/components/schemas/{schema}", "components": components}
    jsonschema_rs.validator_for(whole).validate(value)
    assert set(value) <= set(components["schemas"][schema]["properties"])


CALLS = {
    "chat": lambda c: c.chat("gemma3", HI),
    "chat with a schema": lambda c: c.chat(
        "gemma3",
        HI,
        format={"type": "object", "properties": {"a": {"type": "string"}}},
        think=False,
        keep_alive="5m",
    ),
    "chat with tools": lambda c: c.chat("gemma3", HI, tools=[{"type": "function", "function": TOOL}]),
    "chat as a stream": lambda c: list(c.chat("gemma3", HI, stream=True)),
    "generate": lambda c: c.generate("gemma3", "hi"),
    "generate as a stream": lambda c: list(c.generate("gemma3", "hi", stream=True)),
    "embed": lambda c: c.embed("gemma3", "hi"),
    "embed several": lambda c: c.embed("gemma3", ["hi", "ho"]),
    "tags": lambda c: c.list(),
    "show": lambda c: c.show("gemma3"),
    "ps": lambda c: c.ps(),
    "pull": lambda c: c.pull("gemma3"),
    "pull as a stream": lambda c: list(c.pull("gemma3", stream=True)),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_real_client_is_served(client, call):
    """Each call of the real client that we know of succeeds."""
    assert CALLS[call](client)


WHOLE = {
    "/api/chat": ({"model": "gemma3", "messages": HI}, "ChatResponse"),
    "/api/generate": ({"model": "gemma3", "prompt": "hi"}, "GenerateResponse"),
    "/api/embed": ({"model": "gemma3", "input": ["a", "b"]}, "EmbedResponse"),
    "/api/show": ({"model": "gemma3"}, "ShowResponse"),
    "/api/pull": ({"model": "gemma3"}, "StatusEvent"),
}


@pytest.mark.parametrize("path", WHOLE)
def test_whole_replies_fit_the_contract(server, contract, path):
    """A reply in one piece is what the published contract says, and no more."""
    body, schema = WHOLE[path]
    reply = httpx.post(server.url + path, json=body | {"stream": False})
    assert reply.status_code == 200
    held_to(contract, schema, reply.json())


@pytest.mark.parametrize(
    ("path", "schema"),
    [("/api/tags", "ListResponse"), ("/api/ps", "PsResponse"), ("/api/version", "VersionResponse")],
)
def test_lists_fit_the_contract(server, contract, path, schema):
    """The lists are what the published contract says, each entry too."""
    httpx.post(server.url + "/api/chat", json={"model": "gemma3", "messages": []})
    reply = httpx.get(server.url + path).json()
    held_to(contract, schema, reply)
    for model in reply.get("models", []):
        held_to(contract, {"/api/tags": "ModelSummary", "/api/ps": "Ps"}[path], model)
    assert len(reply.get("models", [0])) == {"/api/tags": 2}.get(path, 1)


@pytest.mark.parametrize(
    ("path", "event", "last"),
    [
        ("/api/chat", "ChatStreamEvent", "ChatResponse"),
        ("/api/generate", "GenerateStreamEvent", "GenerateResponse"),
        ("/api/pull", "StatusEvent", "StatusEvent"),
    ],
)
def test_every_line_of_a_stream_fits_the_contract(server, contract, path, event, last):
    """A stream is lines of JSON, each as the contract says; only the last is done and counts."""
    reply = httpx.post(server.url + path, json=WHOLE[path][0])
    assert reply.headers["content-type"] == "application/x-ndjson"
    *lines, end = [json.loads(line) for line in reply.text.splitlines()]
    assert len(lines) > 1
    for line in lines:
        held_to(contract, event, line)
        assert not line.get("done")
    held_to(contract, last, end)
    assert end.get("eval_count", 4) == 4


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/api/chat", b"", 400, "missing request body"),
        ("/api/chat", b"{", 400, "Expecting"),
        ("/api/chat", b"[]", 400, "not an object"),
        ("/api/chat", b"{}", 400, "model is required"),
        ("/api/chat", b'{"model": "x"}', 404, "model 'x' not found"),
        ("/api/show", b'{"model": "x"}', 404, "model 'x' not found"),
        ("/api/chat", b'{"model": "gemma3", "messages": "x"}', 400, "cannot unmarshal"),
        ("/api/chat", b'{"model": "gemma3", "messages": ["x"]}', 400, "cannot unmarshal"),
        ("/api/chat", b'{"model": "gemma3", "format": "xml"}', 400, "invalid format"),
        (
            "/api/chat",
            b'{"model": "gemma3", "think": true}',
            400,
            '"gemma3:latest" does not support thinking',
        ),
        ("/api/embed", b'{"model": "gemma3", "input": 1}', 400, "invalid input"),
        ("/api/pull", b'{"model": "x", "stream": false}', 500, "file does not exist"),
        ("/api/chat", b'{"model": "gemma3", "messages": [{"role": "user"}]}', 500, "fake: no scripted reply"),
    ],
)
def test_bad_requests_get_an_error_body(server, path, body, status, says):
    """What Ollama refuses, and what nobody scripted, gets its status and an `error` in the body."""
    reply = httpx.post(server.url + path, content=body)
    assert reply.status_code == status
    assert set(reply.json()) == {"error"}
    assert says in reply.json()["error"]


def test_head_answers_without_a_body(server):
    """HEAD gives the status and the length alone, and the line stays usable."""
    with httpx.Client(base_url=server.url) as http:
        assert http.head("/").status_code == 200
        assert http.head("/api/version").headers["content-length"] != "0"
        assert http.head("/nothing").status_code == 404
        assert http.get("/").text == "Ollama is running"


def test_thinking_is_apart_from_the_content(client):
    """A scripted thought comes in its own field, in one piece and as a stream."""
    think = [{"role": "user", "content": "think: 2 + 2"}]
    message = client.chat("thinker:7b", think, think=True).message
    assert (message.thinking, message.content) == ("2 and 2", "Four.")
    parts = list(client.chat("thinker:7b", think, stream=True))
    assert "".join(part.message.thinking or "" for part in parts) == "2 and 2"


def test_a_short_limit_cuts_the_reply(client):
    """`num_predict` counts pieces and ends the reply with the reason `length`."""
    reply = client.chat("gemma3", [{"role": "user", "content": "long"}], options={"num_predict": 3})
    assert reply.message.content == "a b c"
    assert (reply.done_reason, reply.eval_count) == ("length", 3)


def test_loading_and_unloading(client):
    """An empty chat loads a model, keep_alive 0 unloads it, and ps follows."""
    assert client.chat("gemma3", []).done_reason == "load"
    assert [model.name for model in client.ps().models] == ["gemma3:latest"]
    assert client.chat("gemma3", [], keep_alive=0).done_reason == "unload"
    assert not client.ps().models


def test_vectors_are_the_same_each_time_and_near_for_shared_words(client):
    """Embeddings depend on the words alone and have length one."""
    first, again, near, far = client.embed("gemma3", ["sum of sales", "sum of sales", "sum of a", "x y"]).embeddings
    assert first == again
    assert sum(number * number for number in first) == pytest.approx(1)

    def likeness(other):
        return sum(a * b for a, b in zip(first, other, strict=True))

    assert likeness(near) > likeness(far)


def test_used_up_rules_make_way(server):
    """A rule with `times` answers so often and then leaves the request to the next."""
    rules = (Rule(match="q", reply="once", times=1), Rule(match="q", reply="after"))
    with FakeOllama(Script(rules=rules)) as fake, ollama.Client(host=fake.url) as client:
        said = [client.generate("fake-coder", "q").response for _ in range(3)]
    assert said == ["once", "after", "after"]
    assert [request.body["prompt"] for request in fake.requests] == ["q", "q", "q"]


def test_it_runs_as_a_program(tmp_path):
    """`python -m` serves a script file at the address it prints, until it is stopped."""
    file = tmp_path / "script.json"
    file.write_text(json.dumps({"models": [{"name": "m"}], "rules": [{"match": "hi", "reply": "ho"}]}))
    command = [sys.executable, "-m", "integrations.llm.fake_ollama", "--port", "0", "--script", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        try:
            url = program.stderr.readline().split()[-1]
            with ollama.Client(host=url) as client:
                assert client.generate("m", "hi").response == "ho"
        finally:
            program.terminate()
