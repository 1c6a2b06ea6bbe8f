"""The built-in function library: read from the installed package as data, and let in through the gate."""

import importlib.resources
import itertools
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from agent.config import Settings
from agent.errors import BadSettings
from agent.loop import Agent
from agent.types import Event, Listener, ignore
from agent.wiring import build_agent
from registry import Function, NotACopy, Registry, RegistryNotWritable, Remote, read_export, read_suites

Prepared = Literal["made", "copied", "there already"]
"""What became of the registry."""


def built_in_functions() -> Iterator[tuple[Function, tuple[str, ...]]]:
    """The functions of the package `functions` by name, each with its suites. They are read, never imported."""
    for folder in sorted(importlib.resources.files("functions").iterdir(), key=lambda entry: entry.name):
        if folder.is_dir() and folder.joinpath("function.json").is_file():
            yield read_export(Path(str(folder))), read_suites(Path(str(folder)))


def prepare_registry(settings: Settings, listener: Listener = ignore) -> Prepared:
    """Make the registry where there is none: a copy of its remote's, or a new one with the built-in functions.

    A remote that is empty is filled from the new one. It is made beside its place and moved there whole: stopped
    half-way it leaves nothing, and of two processes that make it at once the first to finish is kept.
    """
    if settings.registry.exists():
        return "there already"
    draft_folder = new_folder_beside(settings.registry)
    try:
        draft = settings.alone_in(draft_folder)
        is_copy = copied(draft.registry, settings.remote) or not made_new(draft, settings.remote, listener)
        is_ours = moved_into_place(draft.registry, settings.registry)
        return "there already" if not is_ours else "copied" if is_copy else "made"
    finally:
        shutil.rmtree(draft_folder, ignore_errors=True)


def copied(place: Path, remote: Remote | None) -> bool:
    """Copy the remote's registry to the place; False, and nothing there, where there is no remote or an empty one."""
    if remote is None:
        return False
    if copy := Registry.copy(place, remote):
        copy.close()
        return True
    shutil.rmtree(place)
    return False


def made_new(draft: Settings, remote: Remote | None, listener: Listener) -> bool:
    """Make a registry with the built-in functions, and fill the remote from it.

    False where another machine has filled it meanwhile: then there is a copy of that one.
    """
    Registry.create(draft.registry).close()
    agent = build_agent(draft, listener)
    try:
        add_built_ins(agent, listener, only=draft.built_ins)
    finally:
        agent.close()
    try:
        with Registry.open(draft.registry, remote=remote) as registry:
            registry.share()
    except NotACopy:
        shutil.rmtree(draft.registry)
        return not copied(draft.registry, remote)
    return True


def new_folder_beside(place: Path) -> Path:
    """A private folder on the same file system. Raises `RegistryNotWritable`."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        raise RegistryNotWritable(f"No registry can be made at {place}: {error.strerror}") from error


def moved_into_place(draft: Path, place: Path) -> bool:
    """Move the registry to its place; False where another process has put one there meanwhile."""
    try:
        draft.rename(place)
    except OSError as error:
        if place.exists():
            return False
        raise RegistryNotWritable(f"No registry can be made at {place}: {error.strerror}") from error
    return True


def add_built_ins(agent: Agent, listener: Listener = ignore, *, only: Collection[str] | None = None) -> list[str]:
    """Let in the built-in functions, or only those of these names, that are not registered yet; the names of those.

    Raises `NotPromoted`, `BadSettings` for a name that is none.
    """
    found = {function.name: (function, suites) for function, suites in built_in_functions()}
    known = {listing.name for listing in agent.registry.list()}
    if unknown := sorted(set(only or ()) - found.keys()):
        raise BadSettings(f"There is no built-in function `{unknown[0]}`", advice=f"There are: {', '.join(found)}.")
    missing = [each for name, each in found.items() if name not in known and (only is None or name in only)]
    numbers = itertools.count(1)

    def prove(built_in: tuple[Function, tuple[str, ...]]) -> None:
        function, suites = built_in
        line = f"Proving the built-in functions {next(numbers)}/{len(missing)}: {function.name}"
        listener(Event(action="progress", facts={"line": line}))
        agent.admit(function, source="built-in", suites=suites, as_itself=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the work is done in sandboxes, which are processes
        list(pool.map(prove, missing))  # where one fails, those that have not begun do not begin
    return [function.name for function, _ in missing]
