"""Examples, in whichever form people give them."""

from collections.abc import Iterable, Mapping
from typing import Any

from agent.arguments import plain, shortened
from agent.errors import BadTask
from registry import Example

ExampleLike = Example | tuple[Mapping[str, Any], Any] | Mapping[str, Any]
"""An example, an (arguments, result) pair, or an object with the keys `in` and `out`, or `in` and `raises`."""


def read_examples(examples: Iterable[ExampleLike]) -> tuple[Example, ...]:
    """The examples in their one form. Raises `BadTask` for what is none."""
    return tuple(read_example(example) for example in examples)


def read_example(example: ExampleLike) -> Example:
    """One example. Raises `BadTask`, which shows what an example looks like."""
    if isinstance(example, Example):
        return example
    pair: Any = example
    if isinstance(example, Mapping) and example.keys() == {"in", "raises"} and example["raises"] is True:
        return Example.model_validate({"in": plain(example["in"], "in"), "raises": True})
    if isinstance(example, Mapping) and example.keys() == {"in", "out"}:
        pair = (example["in"], example["out"])
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], Mapping):
        advice = "Give the arguments and the result: ({'text': 'a b'}, 2), or {'in': {'text': 'a b'}, 'out': 2}"
        raise BadTask(f"{shortened(repr(example))} is not an example", advice=advice)
    return Example.model_validate({"in": plain(pair[0], "in"), "out": plain(pair[1], "out")})
