"""The providers on a real inference server: llama.cpp with a tiny random model, its text garbage, all else real."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import jsonschema_rs
import pytest

from agent.errors import ContextTooLong, ModelError, ModelMissing
from agent.ports import LLMProvider, Message, ModelRequest, Purpose
from integrations.llm.fake_openai import FakeOpenAI, Model, Rule, Script
from sandbox.stopping import Stop, Stopped, stopped_by

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
SERVER = SHARED / "contracts/llm/serve_xllamacpp.py"
MODEL = SHARED / "contracts/llm/tiny.gguf"
FACADE = SHARED / "contracts/ollama/ollama_facade.py"
LONG = 20
"""Tokens of a reply; the model seldom ends one by itself."""
SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}, "kind": {"enum": ["a", "b"]}},
    "required": ["ok", "kind"],
    "additionalProperties": False,
}
pytestmark = [
    pytest.mark.skipif(not FACADE.exists(), reason="the shared contracts (KOWAL_SHARED) are not here"),
    pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed"),
    # LiteLLM is written for an older pydantic, and leaves connections to the garbage collector.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Item '.*' on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """The address of llama.cpp's own server."""
    yield from running(lambda port: [str(SERVER), str(MODEL), str(port)], "/health")


@pytest.fixture(scope="module")
def facade(llama: str) -> Iterator[str]:
    """The address of Ollama's API in front of it."""
    yield from running(lambda port: [str(FACADE), str(port), llama, "tiny:latest"], "/api/version")


def running(arguments, path: str) -> Iterator[str]:
    """The address of a program that serves, until it is stopped."""
    port = free_port()
    url, quiet = f"http://127.0.0.1:{port}", subprocess.DEVNULL
    with subprocess.Popen([sys.executable, *arguments(port)], stdout=quiet, stderr=quiet) as program:
        try:
            wait_for(url + path, program)
            yield url
        finally:
            program.kill()


def wait_for(url: str, program: subprocess.Popen) -> None:
    """Wait until the address answers, at most half a minute."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        assert program.poll() is None, "the server did not start"
        try:
            if httpx.get(url, timeout=1, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")


PROVIDERS = ("ollama", "openai", "litellm")


@pytest.fixture
def opened(request: pytest.FixtureRequest):
    """Opens a provider on the real server, with more settings."""

    def open_one(name: str, **more) -> LLMProvider:
        if name == "ollama":
            section = {"host": request.getfixturevalue("facade")}
            more |= {"num_predict": more.pop("max_tokens")} if "max_tokens" in more else {}
        else:
            if importlib.util.find_spec(name) is None:
                pytest.skip(f"the extra of {name} is not installed")
            url = f"{request.getfixturevalue('llama')}/v1"
            own = {"base_url": url} if name == "openai" else {"api_base": url, "models": ["openai/tiny"]}
            section = {"local": True, "api_key": "not-a-real-key", **own}
        info = importlib.import_module(f"integrations.llm.{name}").PROVIDER
        (server,) = info.open(section | more)
        return server

    return open_one


def asked(text: str = "hello", **more) -> ModelRequest:
    """A request with one message."""
    return ModelRequest(messages=(Message(role="user", content=text),), purpose=Purpose.GENERATE, task=text, **more)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_reply_streams_stops_at_its_length_and_is_counted(opened, name):
    """Pieces add up to the text; as many tokens as allowed are counted, and the reply is marked as truncated."""
    heard = list[str]()
    reply = opened(name, max_tokens=LONG).complete(asked(seed=1, temperature=1.0), heard.append)
    assert "".join(heard) == reply.text
    assert len([piece for piece in heard if piece]) > 1
    assert reply.usage.tokens_out == LONG
    assert reply.usage.tokens_in > 0
    assert reply.truncated
    assert 0 < reply.first_token_s <= reply.seconds


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_seed_gives_the_same_reply_again(opened, name):
    """Two requests with one seed agree, one with another differs."""
    provider = opened(name, max_tokens=LONG)
    one, again, other = (provider.complete(asked(seed=seed, temperature=1.0)).text for seed in (7, 7, 8))
    assert one == again != other


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_schema_holds_the_model_to_it(opened, name):
    """The server's grammar makes even a random model write what the schema says."""
    reply = opened(name, max_tokens=400).complete(asked(schema=SCHEMA, seed=3))
    assert not reply.truncated
    jsonschema_rs.validator_for(SCHEMA).validate(json.loads(reply.text))


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_does_not_fit_the_context_is_said(opened, name):
    """A prompt that is longer than the context is refused by the server, and told apart from other faults."""
    with pytest.raises(ModelError) as caught:
        opened(name, max_tokens=LONG).complete(asked("word " * 12_000))
    assert type(caught.value) is ContextTooLong


@pytest.mark.parametrize("name", ["ollama", "openai"])
def test_the_cards_are_what_the_server_says(opened, name):
    """The one model, with the context that it was made for and its size."""
    provider = opened(name)
    (card,) = provider.cards()
    assert card.name.startswith("tiny")
    assert card.writes
    assert card.context >= 2048
    assert card.params_b == pytest.approx(0.00012, rel=0.1)
    assert provider.status().available


def test_a_model_that_is_not_there_is_said(opened):
    """Ollama's API refuses it; llama.cpp's own answers for whatever model is named."""
    with pytest.raises(ModelMissing, match="tiny:latest"):
        opened("ollama").complete(asked(model="gone:1"))


@pytest.mark.alone
@pytest.mark.parametrize("name", PROVIDERS)
def test_a_stop_frees_the_server(opened, llama, name):
    """What is not wanted any more ends within a second, for whoever waits and for the server, which stops writing."""
    provider, stop, begun = opened(name, max_tokens=100_000), Stop(), threading.Event()
    ended = list[float]()

    def ask() -> None:
        with stopped_by(stop), pytest.raises(Stopped):
            provider.complete(asked(seed=1, temperature=1.0), lambda _: begun.set())
        ended.append(time.monotonic())

    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(60)
    stopped = time.monotonic()
    stop.ask()
    thread.join(30)
    assert ended
    assert ended[0] - stopped < 1
    ends = time.monotonic() + 30
    while any(slot["is_processing"] for slot in httpx.get(f"{llama}/slots", trust_env=False).json()):
        assert time.monotonic() < ends, "the server goes on writing"
        time.sleep(0.05)


def shape(value: object) -> object:
    """The keys of a reply, and what kind of value each has."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return type(value).__name__


def test_the_fake_has_the_shapes_of_the_real_server(llama):
    """Whatever keys the fake OpenAI server has, llama.cpp has them too, of the same kinds."""
    body = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}], "max_tokens": LONG, "seed": 1}
    counted = body | {"stream": True, "stream_options": {"include_usage": True}}
    with FakeOpenAI(Script(models=(Model(name="tiny"),), rules=(Rule(reply="word " * 99),))) as fake:
        found = {}
        for name, url in (("fake", fake.url), ("real", llama)):
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
                whole = client.post("/v1/chat/completions", json=body).json()
                stream = client.post("/v1/chat/completions", json=counted).text.split("\n\n")
                found[name] = whole, [line.removeprefix("data: ") for line in stream if line]
    (fake_whole, fake_stream), (real_whole, real_stream) = found["fake"], found["real"]
    assert set(fake_whole) <= set(real_whole)
    assert shape(fake_whole["usage"]).items() <= shape(real_whole["usage"]).items()
    assert fake_whole["choices"][0]["finish_reason"] == real_whole["choices"][0]["finish_reason"] == "length"
    assert fake_stream[-1] == real_stream[-1] == "[DONE]"
    for number in (1, -3, -2):  # a piece, the reason for the end, and the counts
        fake_part, real_part = json.loads(fake_stream[number]), json.loads(real_stream[number])
        assert set(fake_part) <= set(real_part)
        assert len(fake_part["choices"]) == len(real_part["choices"])
