"""The built-in function library: read from the installed package as data, and let in through the gate."""

import importlib.resources
from collections.abc import Iterator
from pathlib import Path

from agent.config import Settings
from agent.loop import Agent
from agent.types import Event, Listener, ignore
from agent.wiring import build_agent
from registry import Function, Registry, read_export


def built_in_functions() -> Iterator[Function]:
    """The functions of the package `functions`, in the order of their names. They are read, never imported."""
    for folder in sorted(importlib.resources.files("functions").iterdir(), key=lambda entry: entry.name):
        if folder.is_dir() and folder.joinpath("function.json").is_file():
            yield read_export(Path(str(folder)))


def prepare_registry(settings: Settings, listener: Listener = ignore) -> bool:
    """Make the registry with the built-in functions where there is none; True where it was made.

    An interrupted preparation goes on where it stopped the next time `kowal init` runs.
    """
    if settings.registry.exists():
        return False
    Registry.create(settings.registry)
    agent = build_agent(settings, listener)
    try:
        add_built_ins(agent, listener)
    finally:
        agent.close()
    return True


def add_built_ins(agent: Agent, listener: Listener = ignore) -> list[str]:
    """Let in the built-in functions that are not registered yet; the names of those. Raises `NotPromoted`."""
    known = {listing.name for listing in agent.registry.list()}
    missing = [function for function in built_in_functions() if function.name not in known]
    for number, function in enumerate(missing, 1):
        line = f"Proving the built-in functions {number}/{len(missing)}: {function.name}"
        listener(Event(action="progress", facts={"line": line}))
        agent.admit(function, source="built-in")
    return [function.name for function in missing]
