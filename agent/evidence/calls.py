"""Calls and promises in the one form that all sides share: JSON values under the parameters' names."""

from collections.abc import Sequence
from typing import Any

from agent.evidence.behaviour import as_json
from agent.evidence.statements import Arguments, Promise
from registry import Example


def by_name(arguments: Arguments, parameters: Sequence[str]) -> dict[str, Any]:
    """The call's arguments as JSON values under their names."""
    values = {**dict(zip(parameters, arguments.positional, strict=False)), **dict(arguments.named)}
    return {name: as_json(value) for name, value in values.items()}


def promise_of(example: Example) -> Promise:
    """The example as evidence."""
    arguments = Arguments(named=tuple(example.arguments.items()))
    return Promise(arguments=arguments, value=example.output, raises=example.raises)


def named(arguments: Arguments, parameters: Sequence[str]) -> Arguments:
    """The call by name, in the order of the parameters, where that loses nothing; else as it is."""
    values = by_name(arguments, parameters)
    given = [*arguments.positional, *(value for _, value in arguments.named)]
    lossless = len(values) == len(given) and all(as_json(value) is not None or value is None for value in given)
    if not lossless or not values.keys() <= set(parameters):
        return arguments
    return Arguments(named=tuple((name, values[name]) for name in parameters if name in values))
