"""The demo: the real pipeline on a file that ships with the product, in a registry of its own."""

import importlib.resources
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from agent.config import Settings, load_settings
from agent.library import prepare_registry
from agent.model_settings import ModelSettings
from agent.model_wiring import open_provider
from agent.types import Event, Listener, Outcome, Task
from agent.wiring import build_agent

BUILT_IN = "totals per region of a CSV file"
NEW = "find the best month: which month had the highest total amount in this sales file"
AGAIN = "which month was the strongest by revenue in the sales data"
SCRIPTED = "scripted"
SCRIPTED_CANDIDATES = 2
"""As many as were written by hand."""

BUILT_INS = ("count_words", "csv_group_sum", "slugify")
"""What the demo's registry begins with: all of them take a minute to prove."""

STEPS = {
    "match.found": "matched",
    "candidate.refused": "refused",
    "function.approved": "approved",
    "function.promoted": "production",
    "run.finished": "ran",
}
"""The demo's name for each event it tells."""


def play(listener: Listener, *, keep: Path | None = None) -> Iterator[dict[str, Any]]:
    """The demo's steps as they happen, each an object with the key `step`. Lines for people go to the listener.

    Raises what `Agent.execute` raises: a demo that fails is not dressed up.
    """
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kowal-demo-")))
        settings, serves = demo_settings(folder)
        say(listener, f"Model: {serves}")
        say(
            listener,
            f"Registry: {settings.registry}" + ("" if keep else " (removed at the end; --keep FOLDER keeps it)"),
        )
        prepare_registry(settings, only_progress(listener))
        events: list[Event] = []
        agent = build_agent(settings, both(events.append, listener))
        stack.callback(agent.close)
        for number, task in enumerate(tasks(), 1):
            say(listener, f"\n[{number}/3] {task.text}")
            outcome = agent.execute(task)
            yield from steps_of(events, outcome)
            events.clear()


def demo_settings(folder: Path) -> tuple[Settings, str]:
    """The user's settings with a registry in the folder, and the model that serves: Ollama's if it has one."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = load_settings()
    status = open_provider(settings, "ollama")[0].status()
    name = "ollama" if status.available else SCRIPTED
    detail = (
        status.detail
        if status.available
        else f"scripted replies that ship with Kowal, written by hand ({status.detail})"
    )
    changed: dict[str, Any] = {"providers": (name,), "built_ins": BUILT_INS}
    if name == SCRIPTED:
        changed |= {"candidates": SCRIPTED_CANDIDATES, "models": ModelSettings()}
    return settings.alone_in(folder).model_copy(update=changed), detail


def tasks() -> Iterator[Task]:
    """A task for a built-in function, one that nothing fits, and the same wish in other words."""
    text = importlib.resources.files("agent").joinpath("demo_data", "sales.csv").read_text("utf-8")
    yield Task(text=BUILT_IN, arguments={"text": text, "group_by": "region", "value": "amount"})
    yield Task(text=NEW, arguments={"text": text})
    yield Task(text=AGAIN, arguments={"text": text})


def steps_of(events: list[Event], outcome: Outcome) -> Iterator[dict[str, Any]]:
    """The events that the demo tells, the last with the value."""
    for event in events:
        if event.action in STEPS:
            value = {"value": outcome.value} if event.action == "run.finished" else {}
            yield {"step": STEPS[event.action], "task": outcome.task, **event.facts, **value}


def only_progress(listener: Listener) -> Listener:
    """A listener that passes on what takes long, and leaves the built-in functions' own steps out."""
    return lambda event: listener(event) if event.action == "progress" else None


def both(first: Listener, second: Listener) -> Listener:
    """A listener that passes every event on to two."""

    def tell(event: Event) -> None:
        first(event)
        second(event)

    return tell


def say(listener: Listener, line: str) -> None:
    """A line for people."""
    listener(Event(action="progress", facts={"line": line}))
