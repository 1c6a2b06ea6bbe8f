"""Runs inside the sandbox: values that JSON has no form for, on their way in and out."""

import dataclasses
import datetime
import decimal
import enum
import inspect
import types
import typing
from collections.abc import Iterator
from typing import Any


def from_json(value: Any, hint: Any) -> Any:
    """The JSON value as the declared type: dates and decimals cross as text, tuples and sets as lists."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return from_union(value, inner)
    if isinstance(value, str) and hint in (datetime.date, datetime.datetime, datetime.time):
        return hint.fromisoformat(value)
    if hint is decimal.Decimal and not isinstance(value, bool):
        return decimal.Decimal(str(value))
    plain = origin or hint
    if isinstance(value, list):
        return list_from_json(value, plain, inner)
    if isinstance(value, dict) and len(inner) == 2:
        return {from_json(key, inner[0]): from_json(item, inner[1]) for key, item in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is int and isinstance(value, str):  # the keys of an object are always text
        return int(value)
    return value


def list_from_json(value: list[Any], plain: Any, inner: tuple[Any, ...]) -> Any:
    """A JSON list as the list, tuple or set that is declared."""
    if plain is tuple and inner and inner[-1] is not ...:
        return tuple(from_json(item, hint) for item, hint in zip(value, inner, strict=True))
    items = [from_json(item, inner[0]) if inner else item for item in value]
    if plain is tuple:
        return tuple(items)
    return plain(items) if plain in (set, frozenset) else items


def from_union(value: Any, members: tuple[Any, ...]) -> Any:
    """The value as the first member it fits."""
    if value is None or any(isinstance(value, kind) for kind in members if kind in (str, int, float, bool)):
        return value
    for hint in members:
        try:
            return from_json(value, hint)
        except (ValueError, TypeError, decimal.InvalidOperation):
            continue
    return value


def to_json(value: object) -> Any:
    """What `json` itself has no form for; anything else is refused."""
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Iterator):
        raise TypeError("a generator is not a value; return a list")
    if inspect.isawaitable(value):
        raise TypeError("a coroutine is not a value; await it")
    raise TypeError(f"a value of type {type(value).__name__} has no JSON form")
