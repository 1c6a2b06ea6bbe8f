"""The public Python API: five verbs, four of them on an agent that is made from the settings when first needed."""

import atexit
import functools
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from agent.examples import ExampleLike, read_examples
from agent.loop import Agent
from agent.ports import NO_CONSTRAINTS, Constraints
from agent.types import Event, Outcome, Task

if TYPE_CHECKING:
    from agent.workflow.desk import Desk, TaskHandle

_lock = threading.Lock()


def execute_task(
    task: str,
    /,
    *positional: Any,
    examples: Sequence[ExampleLike] = (),
    options: Constraints = NO_CONSTRAINTS,
    **arguments: Any,
) -> Any:
    """The value of the task, done by a registered function or by one made for it.

    `options` say what is demanded of the models that are asked: `Constraints(local_only=True)`.
    Raises `BadTask`, `BadArguments`, `NoFunctionFits`, `NotPromoted`, `RunFailed`, each with advice;
    `RegistryError` or `SandboxError` where those are at fault. `Agent.execute` gives the whole outcome.
    """
    wish = wished(task, positional, arguments, examples, options)
    return default_agent().execute(wish).value


def create_function(
    task: str,
    /,
    requirements: Sequence[str] = (),
    examples: Sequence[ExampleLike] = (),
    options: Constraints = NO_CONSTRAINTS,
) -> Outcome:
    """Make a function for the task and keep it, without running it.

    An entry of `requirements` that is a package (PEP 508: `numpy`, `pandas>=2`) is one the function may use;
    any other is a sentence about what the function must do.
    """
    packages, wishes = sorted_requirements(requirements)
    known = read_examples(examples)
    wish = Task(text=task, requirements=packages, wishes=wishes, examples=known, constraints=options)
    return default_agent().create(wish)


def run_function(name: str, /, *positional: Any, **arguments: Any) -> Any:
    """The value of a registered function. Raises `UnknownFunction`, `BadArguments`, `RunFailed`."""
    return default_agent().run(name, Task(text="", positional=positional, arguments=arguments)).value


def enhance_function(
    name: str, improvement: str, /, examples: Sequence[ExampleLike] = (), options: Constraints = NO_CONSTRAINTS
) -> Outcome:
    """A new version that does what the improvement says, and all that the old one promised."""
    return default_agent().enhance(name, wished(improvement, (), {}, examples, options))


def submit(
    task: str,
    /,
    *positional: Any,
    examples: Sequence[ExampleLike] = (),
    options: "SubmitOptions | None" = None,
    **arguments: Any,
) -> "TaskHandle":
    """Put the task on the queue, where a worker (`kowal worker`) does it, and give a handle to it.

    It is kept when this returns, and survives the end of this process and of any worker. Raises `BadTask`,
    `BadArguments` for values that JSON has no form for, `RegistryError` where the operational database is at fault.
    """
    from datetime import timedelta

    from agent.config import current_user
    from agent.workflow.desk import Asked, TaskHandle
    from agent.workflow.turns import Wanted

    wanted, by = options or SubmitOptions(), current_user()
    wish = wished(task, positional, arguments, examples, wanted.constraints)
    deadline = timedelta(seconds=wanted.deadline_s) if wanted.deadline_s is not None else None
    asked = Asked(by=by, via="api", key=wanted.key, priority=wanted.priority, deadline=deadline, queue=wanted.queue)
    desk = default_desk()
    return TaskHandle(desk=desk, id=desk.submit(Wanted(task=wish), asked).id, by=by)


@dataclass(frozen=True, kw_only=True)
class SubmitOptions:
    """How a task on the queue is worked."""

    priority: int = 0
    """Lower ones are worked first, among those of one person; -999 to 999."""
    deadline_s: float | None = None
    """After so many seconds it is given up."""
    key: str = ""
    """What makes it one task however often it is submitted; empty: each time another."""
    queue: str = ""
    """One of the setting `tasks.queues`; empty: the first."""
    constraints: Constraints = NO_CONSTRAINTS
    """What is demanded of the models that are asked for it."""


def wished(
    text: str,
    positional: tuple[Any, ...],
    arguments: Mapping[str, Any],
    examples: Iterable[ExampleLike],
    constraints: Constraints,
) -> Task:
    """The task that somebody calls for."""
    known = read_examples(examples)
    return Task(text=text, positional=positional, arguments=arguments, examples=known, constraints=constraints)


def default_desk() -> "Desk":
    """The desk of the settings, made once a process."""
    with _lock:
        return _made_desk()


@functools.cache
def _made_desk() -> "Desk":
    from agent.config import load_settings
    from agent.wiring import open_desk

    desk = open_desk(load_settings())
    atexit.register(desk.close)
    return desk


def default_agent() -> Agent:
    """The agent of the settings, made once a process; its registry is made, with the built-ins, where none is."""
    with _lock:
        return _made_agent()


@functools.cache
def _made_agent() -> Agent:
    from agent.config import load_settings
    from agent.library import prepare_registry
    from agent.wiring import build_agent

    settings = load_settings()
    prepare_registry(settings, log)
    agent = build_agent(settings, log)
    atexit.register(agent.close)
    return agent


def log(event: Event) -> None:
    """Every step to the logger `kowal`, at level INFO: what takes long should be seen by whoever wants to."""
    logger = logging.getLogger("kowal")
    if event.action == "progress":
        logger.info("%s", event.facts["line"])
    else:
        logger.info("%s %s", event.action, dict(event.facts))


def sorted_requirements(requirements: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Packages (PEP 508) apart from sentences."""
    packages: list[str] = []
    wishes: list[str] = []
    for entry in requirements:
        try:
            packages.append(str(Requirement(entry)))
        except InvalidRequirement:
            wishes.append(entry)
    return tuple(packages), tuple(wishes)
