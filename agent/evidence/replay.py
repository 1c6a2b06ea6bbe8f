"""Makes recorded calls on an old version and on a new one, and tells which answers change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agent.arguments import bind
from agent.equality import same_json
from agent.errors import BadArguments
from agent.evidence.statements import Arguments
from registry import Function, Version
from sandbox import Answer, Calls, FailureKind, Limits, Sandbox

STEPS_A_CALL, STEPS = 2_000_000, 50_000_000
"""Far more than a usual call takes: it is the time limit that ends a replay."""


class Recorded(Protocol):
    """A call that was made."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """JSON values by parameter name."""
        ...


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One call that the two answer differently."""

    arguments: Mapping[str, Any]
    before: Any
    """A JSON value, or `{"error": "ValueError: ..."}`."""
    after: Any


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a replay showed."""

    calls: int
    """How many calls were compared."""
    differences: tuple[Changed, ...]
    missed: int = 0
    """How many were not: the old version did not answer them again within the limits."""


def replay(
    old: Version,
    new: Function,
    calls: Sequence[Recorded],
    sandboxes: tuple[Sandbox, Sandbox],
    limits: Limits | None = None,
) -> Replay:
    """The differences, in the order of the calls. The limits are those of all calls of a version together.

    The old one runs in the first sandbox, the new one in the second; they may be the same.
    A call that the new signature does not take is one, and so is one that the new version does not end. Which words an
    error says is none. Raises `SandboxError` only where the sandbox itself is at fault.
    """
    given = [dict(call.arguments) for call in calls]
    before = answered(old.function, given, sandboxes[0], limits)
    taken, refused = sorted_out(new, given)
    after = dict(zip(taken, answered(new, list(taken.values()), sandboxes[1], limits), strict=False))
    compared, changed = 0, list[Changed]()
    for place, (arguments, answer) in enumerate(zip(given, before, strict=False)):
        if is_cut(answer) or (place in taken and place not in after):
            continue
        compared += 1
        told = {"error": refused[place]} if place in refused else shown(after[place])
        if place in refused or not same(answer, after[place]):
            changed.append(Changed(arguments=arguments, before=shown(answer), after=told))
    return Replay(calls=compared, differences=tuple(changed), missed=len(given) - compared)


def sorted_out(
    function: Function, given: Sequence[Mapping[str, Any]]
) -> tuple[dict[int, dict[str, Any]], dict[int, str]]:
    """The calls that the signature takes, and why it does not take the others, by their place."""
    taken, refused = dict[int, dict[str, Any]](), dict[int, str]()
    for place, arguments in enumerate(given):
        try:
            taken[place] = bind(function.manifest, arguments)
        except BadArguments as error:
            refused[place] = f"BadArguments: {error}"
    return taken, refused


def answered(
    function: Function, given: Sequence[Mapping[str, Any]], sandbox: Sandbox, limits: Limits | None
) -> tuple[Answer, ...]:
    """What the function gives, all in one sandbox start; fewer where the limits were reached."""
    texts = tuple((function.name, Arguments(named=tuple(arguments.items())).literal) for arguments in given)
    calls = Calls(source=function.source, calls=texts, steps_a_call=STEPS_A_CALL, steps=STEPS)
    return sandbox.call_many(calls, limits)


def is_cut(answer: Answer) -> bool:
    """True where the call was stopped."""
    return answer.failure is not None and answer.failure.kind is FailureKind.TIMEOUT


def same(before: Answer, after: Answer) -> bool:
    """True for the same JSON value, and for two errors of one class."""
    if before.failure is None or after.failure is None:
        return before.failure is after.failure and same_json(before.value, after.value)
    return (before.failure.kind, before.failure.exception) == (after.failure.kind, after.failure.exception)


def shown(answer: Answer) -> Any:
    """The answer as JSON."""
    return answer.value if answer.failure is None else {"error": answer.failure.message}
