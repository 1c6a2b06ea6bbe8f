"""The command that works on queued tasks: worker."""

import itertools
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.progress import line_of
from agent.cli.render import err, out
from agent.config import Settings, load_settings
from agent.observing.views import view_of
from agent.types import Event, Listener
from agent.wiring import open_worker
from registry import OperationsUnavailable

if TYPE_CHECKING:
    from agent.workflow.worker import Worker

PLAIN_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def worker(
    name: Annotated[str, typer.Option(help="How it is called; it gets a mark of its own behind that.")] = "worker",
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Tasks at a time; the setting tasks.a_worker without.")
    ] = None,
    queue: Annotated[
        list[str] | None, typer.Option(help="Only tasks on this queue; may be repeated. All of tasks.queues without.")
    ] = None,
) -> None:
    """Work on queued tasks until SIGTERM or Ctrl-C, which lets what is under way end (tasks.drain_s seconds).

    A second signal lets go of it at once: other workers, or this one when it is started again, go on with it.
    """
    if not re.fullmatch(PLAIN_NAME, name):
        raise typer.BadParameter("letters, digits, dots, dashes and underscores only, 64 at most", param_hint="--name")
    settings = load_settings()
    if concurrency is not None:
        settings = with_concurrency(settings, concurrency)
    for each in queue or ():
        if each not in settings.tasks.queues:
            raise typer.BadParameter(f"one of {', '.join(settings.tasks.queues)}", param_hint="--queue")
    view = view_of(settings, name, text=show_whose)
    at_work = open_worker(settings, name, view, saying(view), queues=queue or ())
    with told_by_signals(at_work) as told:
        at_work.run()
    at_work.turns.agent.close()
    at_work.turns.queue.close()
    if not told.is_set():
        raise OperationsUnavailable(
            f"{at_work.name} lost its lock in the operational database, so that others go on with its tasks",
            advice="Start it again once the database answers: `kowal doctor`.",
        )


def with_concurrency(settings: Settings, concurrency: int) -> Settings:
    """The settings with so many tasks at a time."""
    return settings.model_copy(update={"tasks": settings.tasks.model_copy(update={"a_worker": concurrency})})


@contextmanager
def told_by_signals(at_work: "Worker") -> Iterator[threading.Event]:
    """Have SIGTERM and Ctrl-C end the worker within the block, a second one at once; set where one came."""
    told = threading.Event()

    def tell(number: int, frame: FrameType | None) -> None:
        del number, frame
        if told.is_set():  # in a thread, since this one may hold the lock that it takes
            threading.Thread(target=at_work.let_go, daemon=True).start()
            return
        told.set()
        at_work.stop()

    before = {number: signal.signal(number, tell) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def show_whose(event: Event) -> None:
    """Print the event's lines, each with the task that it is about."""
    from agent.workflow.execution import current

    execution, text = current(), line_of(event)
    if text:
        whose = f"[dim]{execution.task_id[:8]}[/] " if execution else ""
        err.print("\n".join(whose + line for line in text.splitlines()))


def saying(view: Listener) -> Callable[[str], None]:
    """Tells of the worker itself: that it is ready on standard output, as an answer is; what comes later as events."""
    ready = itertools.chain([True], itertools.repeat(False))

    def say(line: str) -> None:
        if next(ready):
            out.print(line, markup=False)
        else:
            view(Event(action="worker.said", facts={"line": line}))

    return say
