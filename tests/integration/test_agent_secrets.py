"""A key in the settings reaches the server it is for, and nothing else."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

import pytest

from agent.config import Settings, load_settings
from agent.doctor import examine
from agent.errors import BadSettings, KowalError
from agent.model_wiring import open_provider
from agent.types import Event, Task
from agent.wiring import build_agent
from integrations.llm.fake_ollama import FakeOllama, Rule, Script
from registry import Registry

KEY = "geheim-4711"


def settings_for(folder: Path, cache: Path, host: str, /, **section: object) -> Settings:
    """Settings with a key in them, and an empty registry."""
    Registry.create(folder / "registry.git").close()
    return load_settings(
        registry=folder / "registry.git",
        database=str(folder / "operations.sqlite"),
        cache=cache,
        providers=("ollama",),
        candidates=1,
        llm={"ollama": {"host": host, "api_key": KEY, "timeout_s": 5.0} | section},
    )


@pytest.mark.parametrize(
    "rule",
    [
        Rule(reply=json.dumps({"name": "f", "description": "d", "signature": "def f() -> int"})),
        Rule(status=401, error="unauthorized"),
        Rule(status=500, error="out of memory"),
        Rule(reply="some words that are cut", fault="cut"),
        Rule(reply="some words and garbage", fault="garbage"),
    ],
    ids=["refused", "401", "500", "cut", "garbage"],
)
def test_a_key_is_in_no_prompt_error_log_or_file(tmp_path, cache, caplog, rule):
    """It goes out as the bearer token; every other thing that is said, kept or shown is without it."""
    caplog.set_level(logging.DEBUG)
    events: list[Event] = []
    with FakeOllama(Script(rules=(rule,))) as server:
        settings = settings_for(tmp_path, cache, server.url)
        agent = build_agent(settings, events.append)
        with pytest.raises(KowalError) as caught:
            agent.execute(Task(text="fold a paper plane"))
        kept = agent.matcher.operations.attempts()
        agent.close()
        diagnoses = [asdict(diagnosis) for diagnosis in examine(settings, lambda _: None)]
        asked = [request for request in server.requests if request.path == "/api/chat"]
    assert asked
    assert all(f"Bearer {KEY}" in request.headers.values() for request in asked)
    assert KEY not in json.dumps([request.body for request in server.requests])
    error = caught.value
    chain = [str(link) for link in (error, error.__cause__, error.__context__) if link]
    shown = [*chain, error.advice, error.kept, str(error.facts), str(events), str(kept), caplog.text, str(diagnoses)]
    assert KEY not in "\n".join(shown)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_a_key_beside_a_wrong_setting_is_not_repeated(tmp_path, cache):
    """The error about a section names the key's neighbour and keeps the key."""
    for section in (
        {"num_ctx": "many"},
        {"no_such": 1},
        {"api_key": [KEY]},
        {"host": f"http://user:{KEY}@example.org"},
    ):
        with pytest.raises(BadSettings) as caught:
            open_provider(settings_for(tmp_path, cache, "http://127.0.0.1:9", **section), "ollama")
        assert KEY not in f"{caught.value}{caught.value.advice}{caught.value.facts}"
        shown = [asdict(found) for found in examine(settings_for(tmp_path, cache, "x", **section), lambda _: None)]
        assert KEY not in str(shown)


def test_an_opened_provider_does_not_show_its_key(tmp_path, cache):
    """A provider in a traceback or a log line is without it."""
    (provider,) = open_provider(settings_for(tmp_path, cache, "http://127.0.0.1:9"), "ollama")
    assert KEY not in repr(provider) + repr(vars(provider))
