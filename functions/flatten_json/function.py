"""Nested JSON values as one flat object."""

import math
import re

_Scalar = bool | int | float | str | None


def flatten_json(value: dict[str, object]) -> dict[str, bool | int | float | str | None]:
    """Flatten a nested JSON object into one level, with keys such as `user.tags[0]`.

    A key of the result is the way to its value: names are joined by dots, and the place in a list, from 0, stands
    in brackets. A name that is empty or holds a dot or a bracket is written as in JSONPath (RFC 9535), in
    brackets and single quotes, with a backslash before each backslash and single quote in it: `['a.b'].c`. So
    different places have different keys. An empty object or list inside gives its key with null.

    Args:
        value: The object, with objects, lists, texts, numbers, booleans and null inside.

    Returns:
        The values that hold no others, by their keys, in the order in which they stand.

    Raises:
        ValueError: A value inside is none that JSON has.
    """
    flat: dict[str, _Scalar] = {}
    waiting = _inside("", value)  # a stack rather than recursion: depth has no limit
    while waiting:
        key, inner = waiting.pop()
        if isinstance(inner, dict | list) and inner:
            waiting += _inside(key, inner)
        elif isinstance(inner, dict | list):
            flat[key] = None
        elif isinstance(inner, float) and not math.isfinite(inner):
            raise ValueError(f"{key} is {inner}, which JSON does not have")
        elif inner is None or isinstance(inner, bool | int | float | str):
            flat[key] = inner
        else:
            raise ValueError(f"{key} holds a {type(inner).__name__}, which JSON does not have")
    return flat


def _inside(key: str, value: dict[str, object] | list[object]) -> list[tuple[str, object]]:
    """What a container holds, with the key of each, the last first."""
    if isinstance(value, dict):
        held = [(_joined(key, name), inner) for name, inner in value.items()]
    else:
        held = [(f"{key}[{place}]", inner) for place, inner in enumerate(value)]
    return held[::-1]


def _joined(key: str, name: str) -> str:
    if not name or set(name) & set(".[]"):
        quoted = re.sub(r"(['\\])", r"\\\1", name)
        return f"{key}['{quoted}']"
    return f"{key}.{name}" if key else name
