"""The command that serves a chat: chat."""

import signal
from contextlib import closing
from typing import Annotated

import typer

from agent.cli.render import err, out
from agent.config import load_settings
from agent.library import prepare_registry
from agent.observing.views import view_of
from agent.types import Event


def chat(
    name: Annotated[str, typer.Argument(help="The chat, as the settings call it: rocketchat.")],
) -> None:
    """Be in a chat until SIGTERM or Ctrl-C: hear what people ask for, hand it to the queue, tell them what came of it.

    Workers do the work: `kowal serve` starts both.
    """
    from agent.chat_wiring import open_listening  # with the queue, for which most commands have no use

    settings = load_settings()
    view = view_of(settings, f"chat-{name}", text=show)
    prepare_registry(settings, view)
    listening = open_listening(settings, name, view)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: listening.stop())
    with closing(listening.channel), closing(listening.colleague.people):
        listening.run(lambda: out.print(f"Kowal listens in {name}", markup=False))


def show(event: Event) -> None:
    """Print the event's line."""
    err.print(f"{event.action} {event.facts.get('error', '')}".rstrip(), markup=False)
