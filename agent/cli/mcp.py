"""The command that serves an MCP client over standard input and output: mcp."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from agent.cli.render import err
from agent.cli.serve import show
from agent.config import Settings, load_settings
from agent.loader import load_face
from agent.observing.views import view_of
from agent.serving.parts import Part, kowal, patience_s
from agent.serving.supervisor import Supervisor
from agent.types import Listener
from agent.wiring import open_operations, open_registry


def mcp(
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Work on tasks here, too; without, `kowal serve` has to.")
    ] = True,
) -> None:
    """Serve the MCP client that starts this command, until its end or SIGTERM. Run `kowal init` before.

    Standard output has the protocol and nothing else; what is told to people goes to standard error.
    """
    settings = load_settings()
    view = view_of(settings, "mcp", text=show)
    open_registry(settings).close()  # to make one takes a minute, for which no client waits
    open_operations(settings).close()
    from agent.service.service import open_service  # with the queue, for which most commands have no use

    with closing(open_service(settings, view)) as service, worker(settings, view) if with_worker else nobody():
        err.print("kowal mcp serves", markup=False)
        load_face("mcp").serve(service, service.person_here("mcp"))


@contextmanager
def worker(settings: Settings, listener: Listener) -> Iterator[None]:
    """A worker that is kept running within the block, and then given the time to bring to an end what it does."""
    part = Part(name="mcp-worker", command=kowal(settings, "worker", "--name", "mcp-worker"))
    supervisor = Supervisor((part,), patience_s(settings), listener)
    kept = threading.Thread(target=supervisor.run, name="worker")
    kept.start()
    try:
        yield
    finally:
        supervisor.ask_to_end()
        kept.join()


@contextmanager
def nobody() -> Iterator[None]:
    """No worker."""
    yield
