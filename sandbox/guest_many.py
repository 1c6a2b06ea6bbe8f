"""Runs inside the sandbox: makes many calls in one start."""

import ast
import json
import sys
import types
from collections.abc import Callable
from typing import Any

from sandbox.guest import OPERATIONS, Answer, StepsUsedUp, attempted, encoded, load, safe, safe_hints
from sandbox.guest_loop import driven
from sandbox.guest_values import from_json

MAX_ENTRY = 100_000
"""The size of one result among many."""
STEP_COUNTER = 3
"""A number of `sys.monitoring` that nothing else uses."""


class Steps:
    """Counts loop turns and function calls, as many on a fast machine as on a slow one.

    What loops inside C code is not counted: the clock stops that.
    """

    def __init__(self, a_call: int, in_all: int) -> None:
        self.a_call, self.in_all, self.left = a_call, in_all, 0

    def count(self, *_: object) -> None:
        """Note one step."""
        self.left -= 1
        if self.left < 0:
            raise StepsUsedUp

    def measured[T](self, work: Callable[[], T]) -> T:
        """What `work` returns; raises `StepsUsedUp`."""
        given = self.left = min(self.a_call, self.in_all)
        watch = sys.monitoring
        watch.use_tool_id(STEP_COUNTER, "steps")
        for event in (watch.events.JUMP, watch.events.PY_START):
            watch.register_callback(STEP_COUNTER, event, self.count)
        watch.set_events(STEP_COUNTER, watch.events.JUMP | watch.events.PY_START)
        try:
            return work()
        finally:
            watch.free_tool_id(STEP_COUNTER)
            self.in_all -= given - max(self.left, 0)


def calls(request: dict[str, Any]) -> Answer:
    """Load the source once and make one call after another, until the steps are used up."""
    return attempted(lambda: load(request["source"]), lambda module: {"json": entries(module, request)})


def entries(module: types.ModuleType, request: dict[str, Any]) -> str:
    """What the calls gave, as one JSON list."""
    steps, room, found = Steps(request["steps_a_call"], request["steps"]), request["max_result_bytes"], list[str]()
    for name, text in request["calls"]:
        if steps.in_all <= 0 or room <= 0:
            break
        found.append(entry(module, name, text, steps, min(room, MAX_ENTRY)))
        room -= len(found[-1])
    return f"[{', '.join(found)}]"


def entry(module: types.ModuleType, name: str, text: str, steps: Steps, room: int) -> str:
    """What one call gave, as JSON text: a value with its shape, or a failure."""
    positional, named = ast.literal_eval(text)
    before = repr((positional, named))

    def work() -> object:
        nonlocal before
        function = getattr(module, name)
        if named:
            hints = safe_hints(function)
            named.update({key: from_json(value, hints.get(key)) for key, value in named.items()})
            before = repr((positional, named))
        return steps.measured(lambda: finished(function(*positional, **named)))

    answer = attempted(work, lambda value: encoded(value, room) | {"shape": safe(lambda: shape_of(value, 0))})
    inner = answer.pop("json", None)
    answer["changed"] = safe(lambda: repr((positional, named)) != before) == "True"
    head = json.dumps(answer)
    return head if inner is None else f'{head[:-1]}, "value": {inner}}}'


def finished(value: object) -> object:
    """What a coroutine returns; any other value as it is."""
    return driven(value) if isinstance(value, types.CoroutineType) else value


def shape_of(value: object, depth: int) -> str:
    """The kinds of containers in a value, which JSON does not tell apart: `list[tuple]`; empty for plain values."""
    if isinstance(value, (list, tuple, set, frozenset, dict)) and depth < 4:
        items = value.values() if isinstance(value, dict) else value
        inner = sorted({shape_of(item, depth + 1) for item in items} - {""})
        return f"{type(value).__name__}[{'|'.join(inner)}]" if inner else type(value).__name__
    return "" if isinstance(value, (str, int, float, bool, type(None))) else type(value).__name__


OPERATIONS["calls"] = calls
