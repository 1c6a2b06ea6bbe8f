"""The options with which a task demands something of the models that are asked for it."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from agent.errors import BadTask
from agent.ports import Constraints

OPTIONS: dict[str, tuple[Any, Any]] = {
    "local_only": (
        Annotated[bool, typer.Option("--local-only", help="Nothing of it leaves your own machines, whatever fails.")],
        False,
    ),
    "force_cloud": (Annotated[bool, typer.Option("--force-cloud", help="Ask only services in the cloud.")], False),
    "provider": (
        Annotated[str, typer.Option(metavar="NAME", help="Ask only this provider, or this one of its servers.")],
        "",
    ),
    "model": (
        Annotated[str, typer.Option(metavar="NAME", help="Ask only this model: `model` or `provider/model`.")],
        "",
    ),
    "max_latency_ms": (
        Annotated[float | None, typer.Option(metavar="MS", min=0, help="Ask none that was measured to be slower.")],
        None,
    ),
    "max_cost": (
        Annotated[
            float | None,
            typer.Option(metavar="EUR", min=0, help="Of one request: ask none that may cost more, or nobody knows."),
        ],
        None,
    ),
    "complexity": (
        Annotated[
            Literal["low", "normal", "high"],
            typer.Option(help="`high`: the largest model that may serve; `low`: the fastest."),
        ],
        "normal",
    ),
}


def demanding(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options besides its own; it gets them as its last parameter, `demands`."""
    parameters = [each for each in inspect.signature(command).parameters.values() if each.name != "demands"]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in OPTIONS.items()
    ]

    @functools.wraps(command)
    def given(**arguments: Any) -> None:
        said = {name: arguments.pop(name) for name in OPTIONS}
        command(**arguments, demands=demands_of(**said))

    kept = {name: kind for name, kind in command.__annotations__.items() if name != "demands"}
    given.__signature__ = inspect.Signature([*parameters, *more])  # type: ignore[attr-defined]
    given.__annotations__ = kept | {name: kind for name, (kind, _) in OPTIONS.items()}
    return given


def demands_of(*, max_cost: float | None, **said: Any) -> Constraints:
    """What the options demand. Raises `BadTask` where they contradict one another."""
    if said["local_only"] and said["force_cloud"]:
        raise BadTask("A task stays on your machines or goes to the cloud, not both", advice="Drop one of the two.")
    return Constraints(**said, max_cost_eur=max_cost)
