"""The fake OpenAI server, held to the real client and to a real server that speaks the same API."""

import json
import subprocess
import sys

import httpx
import pytest

from integrations.llm.fake_openai import FakeOpenAI, Model, Rule, Script

openai = pytest.importorskip("openai", reason="the extra kowal[openai] is not installed")

SCRIPT = Script(
    models=(Model(name="gpt"), Model(name="embedder", capabilities=("embedding",))),
    rules=(Rule(match="hi", reply="Hello, how are you?"), Rule(match="long", reply="a b c d e f")),
)
HI = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "f", "schema": {"type": "object"}}}


@pytest.fixture
def server():
    """The fake, listening."""
    with FakeOpenAI(SCRIPT) as fake:
        yield fake


@pytest.fixture
def client(server):
    """The real client, speaking to the fake; it validates what it reads."""
    options = {"api_key": "k", "max_retries": 0, "_strict_response_validation": True}
    with openai.OpenAI(base_url=f"{server.url}/v1", **options) as real:
        yield real


def test_the_real_client_gets_a_whole_reply(client):
    """A reply in one piece has its text, its reason and its counts."""
    reply = client.chat.completions.create(model="gpt", messages=HI, response_format=SCHEMA)
    assert reply.choices[0].message.content == "Hello, how are you?"
    assert (reply.choices[0].finish_reason, reply.usage.prompt_tokens, reply.usage.completion_tokens) == ("stop", 1, 4)


def test_the_real_client_gets_a_stream(client):
    """A stream's pieces are the text; the counts come last, where they are asked for."""
    parts = list(
        client.chat.completions.create(model="gpt", messages=HI, stream=True, stream_options={"include_usage": True})
    )
    assert "".join(choice.delta.content or "" for part in parts for choice in part.choices) == "Hello, how are you?"
    assert parts[-2].choices[0].finish_reason == "stop"
    assert (parts[-1].choices, parts[-1].usage.completion_tokens) == ([], 4)
    bare = list(client.chat.completions.create(model="gpt", messages=HI, stream=True))
    assert all(part.usage is None for part in bare)


def test_a_short_limit_cuts_the_reply(client):
    """`max_tokens` counts pieces and ends the reply with the reason `length`."""
    reply = client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "long"}], max_tokens=3)
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ("a b c", "length")


def test_the_real_client_gets_models_and_vectors(server, client):
    """The list of models, and vectors in both forms that the client asks for."""
    assert [model.id for model in client.models.list()] == ["gpt", "embedder"]
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="k") as lax:  # the packed form is not of the declared type
        packed = lax.embeddings.create(model="embedder", input=["red", "blue"]).data
    plain = client.embeddings.create(model="embedder", input=["red", "blue"], encoding_format="float").data
    assert len(packed) == len(plain) == 2
    assert packed[0].embedding == pytest.approx(plain[0].embedding, abs=1e-6)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("chat/completions", b"{", 400, None),
        ("chat/completions", b"{}", 400, None),
        ("chat/completions", b'{"model": "x", "messages": []}', 404, "model_not_found"),
        ("chat/completions", b'{"model": "gpt", "messages": []}', 400, None),
        ("chat/completions", b'{"model": "gpt", "messages": [{}]}', 400, None),
        ("chat/completions", b'{"model": "gpt", "messages": [{"role": "user"}], "response_format": 5}', 400, None),
        ("embeddings", b'{"model": "gpt", "input": "x"}', 400, None),
        ("embeddings", b'{"model": "embedder", "input": 1}', 400, None),
    ],
)  # fmt: skip
def test_bad_requests_get_an_error_body(server, path, body, status, code):
    """What OpenAI refuses gets its status and an error with a message, a type and a code."""
    reply = httpx.post(f"{server.url}/v1/{path}", content=body)
    assert reply.status_code == status
    assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
    assert reply.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        (Rule(status=429, headers={"Retry-After": "7"}), {"RateLimitError"}),
        (Rule(status=401), {"AuthenticationError"}),
        (Rule(status=500), {"InternalServerError"}),
        (Rule(reply="a b c d", fault="error-line"), {"APIError"}),
        (Rule(reply="a b c d", fault="cut"), {"APIConnectionError", "RemoteProtocolError"}),  # the client's 3 and 2
        (Rule(reply="a b c d", fault="garbage"), {"JSONDecodeError", "UnicodeDecodeError"}),
    ],
)
def test_faults_are_what_the_real_client_takes_for_them(rule, kinds):
    """A scripted status or fault raises in the real client what the true one would."""
    with (
        FakeOpenAI(Script(models=SCRIPT.models, rules=(rule,))) as fake,
        openai.OpenAI(base_url=f"{fake.url}/v1", api_key="k", max_retries=0) as client,
        pytest.raises((openai.OpenAIError, httpx.HTTPError, ValueError)) as caught,
    ):
        list(client.chat.completions.create(model="gpt", messages=HI, stream=True))
    assert kinds & {each.__name__ for each in type(caught.value).__mro__}
    if rule.headers:
        assert caught.value.response.headers["retry-after"] == rule.headers["Retry-After"]


def test_it_runs_as_a_program(tmp_path):
    """`python -m` serves a script file at the address it prints, until it is stopped."""
    file = tmp_path / "script.json"
    file.write_text(json.dumps({"models": [{"name": "m"}], "rules": [{"match": "hi", "reply": "ho"}]}))
    command = [sys.executable, "-m", "integrations.llm.fake_openai", "--port", "0", "--script", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
        try:
            url = program.stderr.readline().split()[-1]
            reply = httpx.post(f"{url}/v1/chat/completions", json={"model": "m", "messages": HI}).json()
            assert reply["choices"][0]["message"]["content"] == "ho"
        finally:
            program.terminate()
