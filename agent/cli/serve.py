"""The command that keeps Kowal running: workers now, and whatever else the settings ask for."""

import signal

import typer

from agent.cli.render import err
from agent.config import load_settings
from agent.errors import BadSettings
from agent.library import prepare_registry
from agent.observing.views import view_of
from agent.serving.lines import line_of
from agent.serving.parts import parts_of, patience_s
from agent.serving.supervisor import Supervisor
from agent.types import Event
from agent.wiring import open_operations

ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def serve() -> None:
    """Start the parts that the settings ask for, and keep them running: until SIGTERM or Ctrl-C, which drains them.

    A second signal ends all at once. Exit code 1 where a part had to be killed.
    """
    settings = load_settings()
    view, parts = view_of(settings, "serve", text=show), parts_of(settings)
    if not parts:
        raise BadSettings("There is nothing to serve: no part is asked for", advice="Set `tasks.workers` to 1 or more.")
    prepare_registry(settings, view)
    open_operations(settings).close()  # its schema is brought up to date before there are several
    supervisor = Supervisor(parts, patience_s(settings), view)
    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
            signal.signal(number, lambda *_: supervisor.ask_to_end())
    if not supervisor.run():
        raise typer.Exit(1)


def show(event: Event) -> None:
    """Print the event's line, where it has one."""
    if line := line_of(event):
        err.print(line, markup=False)
