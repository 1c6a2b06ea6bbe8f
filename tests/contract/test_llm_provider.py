"""What every model provider must show; run over each one found in the folder."""

import importlib
import importlib.util
import pkgutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import integrations.llm
from agent.errors import (
    BadSettings,
    ContextTooLong,
    MalformedReply,
    ModelError,
    ModelMissing,
    ModelTimedOut,
    ProviderUnavailable,
    RateLimited,
)
from agent.ports import Embedder, LLMProvider, Message, ModelReply, ModelRequest, ProviderInfo, ProviderStatus, Purpose
from integrations.llm._fake_http import FakeServer
from integrations.llm.fake_ollama import FakeOllama, Model, Rule, Script
from integrations.llm.fake_openai import FakeOpenAI
from sandbox.stopping import Stop, Stopped, stopped_by

# LiteLLM is written for an older pydantic, and leaves connections to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Item '.*' on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
EXTRAS = {"litellm": "litellm", "openai": "openai"}
REPLY = '```json\n{"n": 1}\n```\nÄh … ok'


def found() -> dict[str, ProviderInfo]:
    """The providers in the folder, by name."""
    modules = [
        importlib.import_module(f"integrations.llm.{module.name}")
        for module in pkgutil.iter_modules(integrations.llm.__path__)
        if not module.name.startswith("_")
    ]
    return {m.PROVIDER.name: m.PROVIDER for m in modules if hasattr(m, "PROVIDER")}


MODELS = (Model(name="writer:latest"), Model(name="all-minilm:latest", capabilities=("embedding",)))
NEIGHBOURS: dict[str, tuple[type[FakeServer], Callable[[str], dict[str, Any]]]] = {
    "ollama": (FakeOllama, lambda url: {"host": url}),
    "openai": (FakeOpenAI, lambda url: {"base_url": f"{url}/v1", "local": True}),
    "litellm": (
        FakeOpenAI,
        lambda url: {
            "models": ["openai/writer:latest"],
            "embed_model": "openai/all-minilm:latest",
            "api_base": f"{url}/v1",
            "api_key": "not-a-real-key",
            "local": True,
        },
    ),
}
"""The providers that ask a server, with one that stands in for it and the section that names it."""


@contextmanager
def stood_up(name: str, *rules: Rule, **more: Any) -> Iterator[tuple[LLMProvider, FakeServer]]:
    """The provider, opened on a server that says this."""
    if name not in NEIGHBOURS:
        pytest.skip("it asks no server")
    kind, section = NEIGHBOURS[name]
    with kind(Script(models=MODELS, rules=rules)) as server:
        (provider,) = found()[name].open(section(server.url) | more)
        yield provider, server


@contextmanager
def section_of(name: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Settings with which the provider answers `known task` with REPLY, and nothing else."""
    if name == "scripted":
        file = folder / "replies.toml"
        file.write_text(f"[[reply]]\npurpose = 'generate'\nwords = ['known']\ntext = '''{REPLY}'''\n")
        yield {"file": str(file)}
        return
    kind, section = NEIGHBOURS[name]
    with kind(Script(models=MODELS, rules=(Rule(match="known task", reply=REPLY),))) as server:
        yield section(server.url)


def asked(task: str, **more: Any) -> ModelRequest:
    """A request for a function that does the task."""
    return ModelRequest(messages=(Message(role="user", content=task),), purpose=Purpose.GENERATE, task=task, **more)


@pytest.fixture(params=sorted(found()))
def name(request) -> str:
    """Each provider's name."""
    if request.param in EXTRAS and importlib.util.find_spec(EXTRAS[request.param]) is None:
        pytest.skip(f"the extra of {request.param} is not installed")
    return request.param


@pytest.fixture
def provider(name, tmp_path) -> Iterator[LLMProvider]:
    """Each provider, opened."""
    with section_of(name, tmp_path) as section:
        (server,) = found()[name].open(section)
        yield server


def test_every_provider_can_be_stood_up_here():
    """No provider is in the folder that this contract does not know how to run."""
    assert set(found()) == {*NEIGHBOURS, "scripted"}


def test_it_describes_itself(name):
    """Its file is named as it is, with a summary of one line."""
    info = found()[name]
    assert importlib.import_module(f"integrations.llm.{info.name}").PROVIDER is info
    assert info.summary
    assert "\n" not in info.summary


def test_a_reply_comes_exactly_as_the_model_wrote_it(provider, name):
    """The text is untouched, and the reply says who gave it and what it used."""
    reply = provider.complete(asked("a known task"))
    assert isinstance(reply, ModelReply)
    assert reply.text == REPLY
    assert reply.provider == provider.name == name
    assert reply.model
    assert reply.usage.tokens_out > 0
    assert not reply.truncated
    assert 0 <= reply.seconds < 60


def test_what_it_cannot_answer_is_a_model_error_with_advice(provider):
    """A request without an answer raises an error of ours that says what to do."""
    with pytest.raises(ModelError) as caught:
        provider.complete(asked("something else"))
    assert str(caught.value)
    assert caught.value.advice


@pytest.mark.alone
def test_its_status_is_quick_and_names_its_models(provider):
    """A provider that can serve says so soon, in one line."""
    provider.complete(asked("known task"))  # what is imported the first time is no part of it
    started = time.monotonic()
    status = provider.status()
    assert time.monotonic() - started < 10
    assert status.available
    assert status.models
    assert status.detail
    assert "\n" not in status.detail


def test_it_can_be_asked_from_several_threads(provider):
    """Requests at the same time each get their own whole reply."""
    replies: list[str] = []
    threads = [
        threading.Thread(target=lambda: replies.append(provider.complete(asked("known task")).text)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [REPLY] * 4


def test_an_unknown_key_in_its_settings_is_named_with_the_known_ones(name, tmp_path):
    """A misspelt setting is an error that names it and lists what there is, and never a value."""
    with section_of(name, tmp_path) as section, pytest.raises(BadSettings) as caught:
        found()[name].open(section | {"no_such_key": "a value that may be a secret"})
    assert "no_such_key" in str(caught.value)
    assert next(iter(section)) in caught.value.advice
    assert "secret" not in str(caught.value) + caught.value.advice


@pytest.mark.alone
def test_opening_asks_nobody(name):
    """Opening does not look at the server: what needs no model does not wait for one."""
    started = time.monotonic()
    section = NEIGHBOURS[name][1]("http://127.0.0.1:9") if name in NEIGHBOURS else {}
    (opened,) = found()[name].open(section)
    assert time.monotonic() - started < 5
    assert isinstance(opened.status(), ProviderStatus)


def test_the_pieces_of_a_stream_are_the_text(name):
    """Who listens hears the reply as it comes, piece by piece, and no more than it."""
    heard = list[str]()
    with stood_up(name, Rule(reply="a b c d", piece_delay_s=0.05)) as (provider, _):
        reply = provider.complete(asked("go"), heard.append)
    assert "".join(heard) == reply.text == "a b c d"
    assert len([piece for piece in heard if piece]) == 4
    assert reply.first_token_s is not None
    assert 0 < reply.first_token_s < reply.seconds


def test_a_reply_says_what_it_used_and_who_gave_it(name):
    """Tokens in and out as the server counts them, the server's name, and that one's own server costs nothing."""
    with stood_up(name, Rule(reply="a b c")) as (provider, _):
        reply = provider.complete(asked("one two"))
        first = provider.cards()[0].name
    assert (reply.usage.tokens_in, reply.usage.tokens_out, reply.usage.cost_eur) == (2, 3, 0.0)
    assert (reply.server, reply.model) == (provider.server.name, first)


def test_what_the_request_asks_for_reaches_the_server(name):
    """Schema, seed, temperature and an image."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    message = Message(role="user", content="look", images=(b"\x89PNG\r\n",))
    request = ModelRequest(messages=(message,), purpose=Purpose.MATCH, schema=schema, seed=7, temperature=0.5)
    with stood_up(name, Rule(reply='{"n": 1}')) as (provider, server):
        assert provider.complete(request).text == '{"n": 1}'
        body = server.requests[-1].body
    options = body.get("options", body)
    assert (options["seed"], options["temperature"]) == (7, 0.5)
    assert body.get("format") == schema or body["response_format"]["json_schema"]["schema"] == schema
    assert "iVBORw0K" in str(body["messages"])


def test_a_reply_at_its_length_limit_is_marked(name):
    """It is handed on as truncated, not as whole."""
    limit = {"num_predict": 2} if name == "ollama" else {"max_tokens": 2}
    with stood_up(name, Rule(reply="a b c d"), **limit) as (provider, _):
        reply = provider.complete(asked("go"))
    assert (reply.text, reply.truncated) == ("a b", True)


def test_texts_become_vectors(name):
    """One for each, the same for the same text; the model and its weights are named."""
    with stood_up(name) as (provider, _):
        assert isinstance(provider, Embedder)
        found = provider.embed(["red", "blue", "red"])
    assert found.vectors[0] == found.vectors[2] != found.vectors[1]
    assert found.model.endswith("all-minilm:latest")
    assert found.digest


def test_the_cards_are_the_models(name):
    """What writes and what makes vectors are told apart."""
    with stood_up(name) as (provider, _):
        cards = {card.name.removeprefix("openai/"): card for card in provider.cards()}
    assert set(cards) == {"writer:latest", "all-minilm:latest"}
    assert (cards["writer:latest"].writes, cards["writer:latest"].embeds) == (True, False)
    assert (cards["all-minilm:latest"].writes, cards["all-minilm:latest"].embeds) == (False, True)


@pytest.mark.alone
@pytest.mark.parametrize(
    "rule",
    [
        Rule(reply="a b c", delay_s=120),
        Rule(reply="a b c d", fault="stall"),
        Rule(reply="a b c d", fault="endless", piece_delay_s=0.05),
    ],
    ids=["before the first piece", "stalled", "in mid-reply"],
)
def test_what_is_not_wanted_any_more_ends_at_once(name, rule):
    """A stop ends the request, long before the server would, and is raised as such."""
    stop, ended = Stop(), threading.Event()
    with stood_up(name, rule) as (provider, server):

        def ask() -> None:
            with stopped_by(stop), pytest.raises(Stopped):
                provider.complete(asked("go"))
            ended.set()

        thread = threading.Thread(target=ask)
        thread.start()
        wait_for(lambda: any(received.body.get("messages") for received in server.requests))
        time.sleep(0.3)
        stop.ask()
        assert ended.wait(30)
        thread.join(30)
        if rule.fault == "endless":
            wait_for(lambda: server.hung_up)


def wait_for(true: Callable[[], object]) -> None:
    """Wait until it is, at most thirty seconds."""
    ends = time.monotonic() + 30
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


FAULTS = {
    "cut": (Rule(reply="a b c d", fault="cut"), MalformedReply),
    "unfinished": (Rule(reply="a b c d", fault="unfinished"), MalformedReply),
    "garbage": (Rule(reply="a b c d", fault="garbage"), MalformedReply),
    "an error in mid-reply": (Rule(reply="a b c d", fault="error-line", error="CUDA error"), MalformedReply),
    "too long": (Rule(status=400, error="This model's maximum context length is 5 tokens."), ContextTooLong),
    "no such model": (Rule(status=404, error="model 'x' not found"), ModelMissing),
    "a crash": (Rule(status=500, error="runner crashed"), ProviderUnavailable),
    "a bad key": (Rule(status=401, error="Incorrect API key provided"), ProviderUnavailable),
    "busy": (Rule(status=429, error="slow down", headers={"Retry-After": "7"}), RateLimited),
    "late": (Rule(reply="a b", delay_s=30), ModelTimedOut),
    "silent": (Rule(reply="a b c d", fault="stall"), ModelTimedOut),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_error(name, fault):
    """No fault passes for a reply, whatever came before it; each says what to do."""
    rule, kind = FAULTS[fault]
    patience = {"first_token_timeout_s": 0.5, "token_timeout_s": 0.5} if kind is ModelTimedOut else {}
    with stood_up(name, rule, **patience) as (provider, server):
        with pytest.raises(ModelError) as caught:
            provider.complete(asked("go"))
        asks = sum(bool(received.body.get("messages")) for received in server.requests)
    assert type(caught.value) is kind
    assert caught.value.advice
    assert asks == 1, "whoever routes tries again, not a library"
    if kind is RateLimited:
        assert caught.value.retry_after_s == 7


def test_who_is_away_is_unavailable(name):
    """Nobody listens: the error says where."""
    if name not in NEIGHBOURS:
        pytest.skip("it asks no server")
    (provider,) = found()[name].open(NEIGHBOURS[name][1]("http://127.0.0.1:9"))
    with pytest.raises(ProviderUnavailable, match=r"127\.0\.0\.1"):
        provider.complete(asked("go", model="openai/any" if name == "litellm" else "any"))


def test_nothing_out_of_the_environment_is_sent(name, monkeypatch):
    """Keys and names that it holds for other programs stay there; the settings' key goes, and no error shows it."""
    for variable in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OLLAMA_API_KEY"):
        monkeypatch.setenv(variable, "of-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-mine: of-the-environment")
    rule = Rule(status=500, error="bad key k3y-of-the-settings")
    with stood_up(name, rule, api_key="k3y-of-the-settings") as (provider, server), pytest.raises(ModelError) as caught:
        provider.complete(asked("go"))
    sent = server.requests[-1].headers
    assert {key.lower(): value for key, value in sent.items()}["authorization"] == "Bearer k3y-of-the-settings"
    assert name == "litellm" or "of-the-environment" not in str(sent)
    assert "k3y-of-the-settings" not in f"{caught.value} {caught.value.advice} {caught.value.facts}"
