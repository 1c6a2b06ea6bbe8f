"""The parts of a running Kowal, each a process: what the settings ask for."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.config import Settings

ENDING_S = 10.0
"""Seconds for a part to end, beyond those that it gives to what is under way."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process that is kept running."""

    name: str
    """As people are told of it; no two have the same."""
    command: tuple[str, ...]
    """Program and arguments. It ends by itself on SIGTERM and when its standard input ends, and its first line on
    standard output says that it is ready."""


def parts_of(settings: "Settings") -> tuple[Part, ...]:
    """All that the settings ask for."""
    return tuple(part for kind in KINDS for part in kind(settings))


def workers(settings: "Settings") -> Iterator[Part]:
    """As many workers as `tasks.workers` says."""
    for number in range(1, settings.tasks.workers + 1):
        name = f"serve-{number}"
        yield Part(name=name, command=kowal(settings, "worker", "--name", name))


def chats(settings: "Settings") -> Iterator[Part]:
    """One for each chat that the settings have a section for."""
    for name in settings.chat:
        yield Part(name=f"chat-{name}", command=kowal(settings, "chat", name))


def codehosts(settings: "Settings") -> Iterator[Part]:
    """One for each code host that the settings have a section for."""
    for name in settings.codehost:
        yield Part(name=f"codehost-{name}", command=kowal(settings, "codehost", name))


def faces(settings: "Settings") -> Iterator[Part]:
    """What serves HTTP, unless the settings say otherwise."""
    if settings.http.on:
        yield Part(name="http", command=kowal(settings, "http"))


def kowal(settings: "Settings", *words: str) -> tuple[str, ...]:
    """The command `kowal` with these words, tied to the process that starts it."""
    return (sys.executable, "-P", "-m", "agent.cli.part", str(patience_s(settings)), *words)


def patience_s(settings: "Settings") -> float:
    """Seconds from a part's being told to end until it is killed."""
    return settings.tasks.drain_s + ENDING_S


KINDS: tuple[Callable[["Settings"], Iterator[Part]], ...] = (workers, faces, chats, codehosts)
"""Every kind of part; each gives as many as the settings ask for."""
