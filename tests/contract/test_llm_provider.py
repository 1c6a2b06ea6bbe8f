"""What every model provider must show; run over each one found in the folder."""

import importlib
import pkgutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import integrations.llm
from agent.errors import BadSettings, ModelError
from agent.ports import LLMProvider, Message, ModelReply, ModelRequest, ProviderInfo, ProviderStatus, Purpose
from integrations.llm.fake_ollama import FakeOllama, Rule, Script

REPLY = '```json\n{"n": 1}\n```\nÄh … ok'


def found() -> dict[str, ProviderInfo]:
    """The providers in the folder, by name."""
    modules = [
        importlib.import_module(f"integrations.llm.{module.name}")
        for module in pkgutil.iter_modules(integrations.llm.__path__)
        if not module.name.startswith("_")
    ]
    return {m.PROVIDER.name: m.PROVIDER for m in modules if hasattr(m, "PROVIDER")}


@contextmanager
def ollama_section(_: Path) -> Iterator[dict[str, str]]:
    """A server that knows one task."""
    with FakeOllama(Script(rules=(Rule(match="known task", reply=REPLY),))) as server:
        yield {"host": server.url}


@contextmanager
def scripted_section(folder: Path) -> Iterator[dict[str, str]]:
    """A file that knows one task."""
    file = folder / "replies.toml"
    file.write_text(f"[[reply]]\npurpose = 'generate'\nwords = ['known']\ntext = '''{REPLY}'''\n")
    yield {"file": str(file)}


SECTIONS = {"ollama": ollama_section, "scripted": scripted_section}
"""How to stand each provider up so that it answers `known task` with REPLY, and nothing else."""


def asked(task: str) -> ModelRequest:
    """A request for a function that does the task."""
    return ModelRequest(messages=(Message(role="user", content=task),), purpose=Purpose.GENERATE, task=task)


@pytest.fixture(params=sorted(found()))
def name(request) -> str:
    """Each provider's name."""
    return request.param


@pytest.fixture
def provider(name, tmp_path) -> Iterator[LLMProvider]:
    """Each provider, opened."""
    with SECTIONS[name](tmp_path) as section:
        (server,) = found()[name].open(section)
        yield server


def test_every_provider_can_be_stood_up_here():
    """No provider is in the folder that this contract does not know how to run."""
    assert set(found()) == set(SECTIONS)


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
    """A provider that can serve says so within two seconds, in one line."""
    started = time.monotonic()
    status = provider.status()
    assert time.monotonic() - started < 2
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
    with SECTIONS[name](tmp_path) as section, pytest.raises(BadSettings) as caught:
        found()[name].open(section | {"no_such_key": "a value that may be a secret"})
    assert "no_such_key" in str(caught.value)
    assert next(iter(section)) in caught.value.advice
    assert "secret" not in str(caught.value) + caught.value.advice


@pytest.mark.alone
def test_opening_asks_nobody(name):
    """Opening does not look at the server: what needs no model does not wait for one."""
    started = time.monotonic()
    (opened,) = found()[name].open({"host": "127.0.0.1:9"} if name == "ollama" else {})
    assert time.monotonic() - started < 1
    assert isinstance(opened.status(), ProviderStatus)
