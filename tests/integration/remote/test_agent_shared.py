"""Tasks on a copy of a shared registry: it is brought up to date first, and they are done where the remote is away."""

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config import load_settings
from agent.errors import RunFailed
from agent.library import prepare_registry
from agent.types import Task
from registry import Function, Manifest, Registry, Remote, Status

COUNT = Task(text="count words in a text", arguments={"text": "a b"})


def on_copy(shop, place: Path):
    """The workshop's agent with its registry as a copy of the remote at the place, to be asked at each task."""
    registry = Registry.open(shop.registry.path, remote=Remote(place=str(place), max_age_s=0))
    warden = replace(shop.agent.runner.warden, registry=registry)
    matcher = replace(shop.agent.matcher, registry=registry)
    return replace(shop.agent, registry=registry, matcher=matcher, runner=replace(shop.agent.runner, warden=warden))


def stale(shop) -> list[str]:
    """Why the copy may have been old, of each time that this was told."""
    return [event.facts["reason"] for event in shop.events if event.action == "registry.stale"]


def test_a_task_is_matched_with_what_another_machine_has_just_promoted(workshop, tmp_path):
    """A function that was registered elsewhere is found by the next task, by its words and by its name."""
    shop = workshop(functions=["count_words"])
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(origin)], check=True)
    agent = on_copy(shop, origin)
    assert agent.registry.share()
    with Registry.copy(tmp_path / "theirs", Remote(place=str(origin))) as theirs:
        theirs.quarantine("count_words", by="Ann", reason="wrong")
        with pytest.raises(RunFailed, match="quarantined"):
            agent.run("count_words", Task(text="", arguments={"text": "a b"}))
        theirs.add_candidate(better(theirs.get("count_words").function), {"verdict": {"summary": "given"}})
        theirs.approve("count_words", by="Ann")
        theirs.promote("count_words", by="Ann")
    assert agent.preview(COUNT).chosen.version == "1.1.0"
    assert agent.execute(COUNT).version == "1.1.0"
    assert stale(shop) == []
    agent.registry.close()


def test_of_two_machines_that_begin_at_once_one_fills_the_remote(tmp_path, cache, monkeypatch):
    """Whoever finds the remote filled once its own registry is made drops that, and copies the remote's."""
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(origin)], check=True)

    def filled_elsewhere(*_: object, **__: object) -> None:
        time.sleep(1.1)  # else both would be one: made of the same bytes in the same second
        with Registry.create(tmp_path / "theirs", remote=Remote(place=str(origin))) as theirs:
            theirs.share()

    monkeypatch.setattr("agent.library.add_built_ins", filled_elsewhere)
    settings = load_settings(
        registry=tmp_path / "ours" / "registry.git", registry_remote=str(origin), cache=cache, sandbox="wasm"
    )
    assert prepare_registry(settings) == "copied"
    with Registry.open(settings.registry, remote=settings.remote) as ours:
        status = ours.remote_status()
    assert (status.reason, status.behind) == ("", 0)
    assert prepare_registry(settings) == "there already"


def better(function: Function) -> Function:
    """The function as another version."""
    return replace(function, source=function.source + "\n# better\n")


def test_a_task_is_done_where_the_remote_is_away(workshop, tmp_path):
    """The value is that of the copy, and that it may be old is told with the reason, once a task."""
    shop = workshop(functions=["count_words"])
    agent = on_copy(shop, tmp_path / "nowhere.git")
    assert agent.execute(COUNT).value == 2
    assert agent.run("count_words", Task(text="", arguments={"text": "a b c"})).value == 3
    assert len(stale(shop)) == 2
    assert all("nowhere.git cannot be read" in reason for reason in stale(shop))
    agent.registry.close()


def test_a_version_that_should_go_stays_until_the_remote_is_back(workshop, tmp_path):
    """The answer does not wait for a remote that is known to be away; why the version stays is told."""
    shop = workshop()
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    manifest = Manifest(name="fails", description="Fails.", input_schema=schema)
    shop.put(Function(manifest=manifest, source="def fails(text: str) -> int:\n    return {}[text]\n", tests=""))
    agent = on_copy(shop, tmp_path / "origin.git")
    for text in "abc":
        with pytest.raises(RunFailed):
            agent.run("fails", Task(text="", arguments={"text": text}))
    stays = [event.facts["error"] for event in shop.events if event.action == "function.stays"]
    assert stays
    assert "cannot be read" in stays[0]
    assert agent.registry.find("fails") is not None
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "origin.git")], check=True)
    assert agent.registry.share()
    with pytest.raises(RunFailed):
        agent.run("fails", Task(text="", arguments={"text": "d"}))
    assert agent.registry.get("fails", "1.0.0").status is Status.QUARANTINED
    agent.registry.close()
