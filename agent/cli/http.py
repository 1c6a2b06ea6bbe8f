"""The command that serves the HTTP API: http."""

import signal
import threading

from agent.cli.chat import show
from agent.cli.render import out
from agent.config import load_settings
from agent.library import prepare_registry
from agent.loader import load_face
from agent.observing.views import view_of


def http() -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C: tasks, functions, models, webhooks, health and figures.

    Workers do the queued tasks: `kowal serve` starts both.
    """
    settings = load_settings()
    view = view_of(settings, "http", text=show)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    prepare_registry(settings, view)
    load_face("http").serve(settings, view, lambda line: out.print(line, markup=False), stop)
