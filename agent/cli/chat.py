"""The commands that serve a chat and a code host: chat, codehost."""

import signal
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.render import err, out
from agent.config import Settings, load_settings
from agent.library import prepare_registry
from agent.observing.views import view_of
from agent.types import Event

if TYPE_CHECKING:
    from agent.talking.listening import Listening


def chat(
    name: Annotated[str, typer.Argument(help="The chat, as the settings call it: rocketchat.")],
) -> None:
    """Be in a chat until SIGTERM or Ctrl-C: hear what people ask for, hand it to the queue, tell them what came of it.

    Workers do the work: `kowal serve` starts both.
    """
    from agent.chat_wiring import open_listening  # with the queue, for which most commands have no use

    serve(load_settings(), f"chat-{name}", partial(open_listening, name=name))


def codehost(
    name: Annotated[str, typer.Argument(help="The code host, as the settings call it: gitlab.")],
) -> None:
    """Be at a code host until SIGTERM or Ctrl-C: take issues, hand them to the queue, say there what came of them.

    Workers do the work: `kowal serve` starts both.
    """
    from agent.host_wiring import open_serving

    serve(load_settings(), f"codehost-{name}", partial(open_serving, name=name))


def serve(settings: Settings, part: str, opened: Callable[..., "Listening"]) -> None:
    """Serve what is opened, until a signal."""
    view = view_of(settings, part, text=show)
    prepare_registry(settings, view)
    listening = opened(settings, listener=view)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: listening.stop())
    with closing(listening.channel), closing(listening.petitions.people):
        listening.run(lambda: out.print(f"Kowal listens in {listening.channel.name}", markup=False))


def show(event: Event) -> None:
    """Print the event's line."""
    err.print(f"{event.action} {event.facts.get('error', '')}".rstrip(), markup=False)
