"""Decides: takes a task, finds or makes the function for it, runs it in a sandbox, and reports."""

from typing import TYPE_CHECKING, Any

from agent.errors import (
    BadArguments,
    BadSettings,
    BadTask,
    KowalError,
    ModelError,
    NoFunctionFits,
    NotPermitted,
    NotPromoted,
    RunFailed,
    TaskNotDone,
)

if TYPE_CHECKING:
    from agent.api import SubmitOptions, create_function, enhance_function, execute_task, run_function, submit
    from agent.config import Settings, load_settings
    from agent.loop import Agent
    from agent.ports import Constraints
    from agent.types import Outcome, Task
    from agent.wiring import build_agent
    from agent.workflow.desk import TaskHandle

__all__ = [
    "Agent",
    "BadArguments",
    "BadSettings",
    "BadTask",
    "Constraints",
    "KowalError",
    "ModelError",
    "NoFunctionFits",
    "NotPermitted",
    "NotPromoted",
    "Outcome",
    "RunFailed",
    "Settings",
    "SubmitOptions",
    "Task",
    "TaskHandle",
    "TaskNotDone",
    "build_agent",
    "create_function",
    "enhance_function",
    "execute_task",
    "load_settings",
    "run_function",
    "submit",
]


def __getattr__(name: str) -> Any:
    """The heavy names, imported when first asked for: `kowal --version` needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "TaskHandle":  # what it stands on takes a third of a second, and few programs have a use for it
        from agent.workflow.desk import TaskHandle

        return TaskHandle
    from agent import api, config, loop, ports, types, wiring

    return next(getattr(place, name) for place in (api, config, loop, ports, types, wiring) if name in vars(place))
