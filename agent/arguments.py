"""Checks arguments against a function's schema before a sandbox starts, and converts only where nothing is lost."""

import datetime
import decimal
import functools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent.errors import BadArguments
from agent.source.signature import is_json
from agent.types import Task
from registry import Manifest

TRUTHS = {"true": True, "false": False}
MOST_INTEGER_BITS = 14_280
"""Python writes integers of up to 4,300 digits as text."""


def bind(manifest: Manifest, arguments: Mapping[str, Any], positional: Sequence[Any] = ()) -> dict[str, Any]:
    """The call's keyword arguments as JSON values that fit the schema.

    Raises `BadArguments`, which names the argument and what was expected.
    """
    named = with_positional(manifest, arguments, positional)
    properties = manifest.input_schema.get("properties", {})
    unknown = [name for name in named if name not in properties]
    if unknown:
        known = ", ".join(properties) or "no arguments"
        raise BadArguments(f"`{manifest.name}` takes no argument `{unknown[0]}`; it takes {known}", argument=unknown[0])
    absent = missing(manifest, named)
    if absent:
        names = ", ".join(f"`{name}` ({type_name(properties[name])})" for name in absent)
        raise BadArguments(
            f"`{manifest.name}` needs {names}", argument=absent[0], missing=absent, function=manifest.name,
            advice=f"Give it with -a {absent[0]}=VALUE, or -a {absent[0]}=@FILE to read a file.",
        )  # fmt: skip
    try:
        bound = {name: converted(plain(value, name), properties[name]) for name, value in named.items()}
        refuse_misfits(manifest, bound)
    except RecursionError as error:
        raise BadArguments(f"an argument of `{manifest.name}` is nested too deep") from error
    return bound


def with_positional(manifest: Manifest, arguments: Mapping[str, Any], positional: Sequence[Any]) -> dict[str, Any]:
    """The keyword arguments, with positional values put under the names they stand for."""
    names = manifest.parameters
    if len(positional) > len(names):
        raise BadArguments(f"`{manifest.name}` takes {len(names)} arguments, {len(positional)} were given")
    by_place = dict(zip(names, positional, strict=False))
    twice = [name for name in by_place if name in arguments]
    if twice:
        raise BadArguments(f"`{manifest.name}` got `{twice[0]}` twice, by place and by name", argument=twice[0])
    return {**by_place, **arguments}


def takes(manifest: Manifest, task: Task) -> bool:
    """True where all arguments given can be bound without a loss; others may be lacking."""
    try:
        named = with_positional(manifest, task.arguments, task.positional)
        properties = manifest.input_schema.get("properties", {})
        return all(
            name in properties and fits(converted(plain(value, name), properties[name]), properties[name])
            for name, value in named.items()
        )
    except (BadArguments, RecursionError):
        return False


def missing(manifest: Manifest, named: Mapping[str, Any]) -> list[str]:
    """The required parameters that have no value."""
    return [name for name in manifest.input_schema.get("required", ()) if name not in named]


def plain(value: Any, name: str) -> Any:
    """The JSON form of a Python value. Raises `BadArguments` for what has none."""
    if isinstance(value, Mapping):
        return {unicode_text(str(key), name): plain(item, name) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, name) for item in value]
    if isinstance(value, str):
        return unicode_text(value, name)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return plain_number(value, name)


def plain_number(value: Any, name: str) -> Any:
    """The number, truth or None as it is. Raises `BadArguments` for what is none, or has no JSON form."""
    if isinstance(value, float) and not math.isfinite(value):
        raise BadArguments(f"the argument `{name}` holds {value}, which JSON has no form for", argument=name)
    if isinstance(value, int) and value.bit_length() > MOST_INTEGER_BITS:
        raise BadArguments(f"the argument `{name}` holds a number of more than 4,300 digits", argument=name)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise BadArguments(f"the argument `{name}` is a {type(value).__name__}, which has no JSON form", argument=name)


def unicode_text(text: str, name: str) -> str:
    """The text. Raises `BadArguments` where it holds half characters, which no file and no JSON can carry."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadArguments(
            f"the argument `{name}` is not Unicode text: it holds lone surrogates", argument=name
        ) from error
    return text


def converted(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value in the schema's type where that loses nothing, else the value as it is."""
    for option in schema.get("anyOf", ()):
        if fits(value, option):
            return value
    for option in schema.get("anyOf", (schema,)):
        candidate = converted_to(value, option.get("type"), option)
        if fits(candidate, option):
            return candidate
    return value


def converted_to(value: Any, kind: Any, schema: Mapping[str, Any]) -> Any:
    """One conversion: text to number, truth, list or object; whole floats to integers; items of lists."""
    if isinstance(value, str):
        return from_text(value, kind, schema)
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind == "array" and isinstance(value, list) and "items" in schema:
        return [converted(item, schema["items"]) for item in value]
    return value


def from_text(text: str, kind: Any, schema: Mapping[str, Any]) -> Any:
    """A text (all that a command line can give) as the type that is wanted, if it says it exactly."""
    stripped = text.strip()
    if kind == "integer" and re.fullmatch(r"[+-]?\d{1,4000}", stripped):
        return int(stripped)
    if kind == "number" and re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", stripped):
        return float(stripped) if re.search(r"[.eE]", stripped) else int(stripped)
    if kind == "boolean":
        return TRUTHS.get(stripped.casefold(), text)
    if kind == "null" and stripped.casefold() == "null":
        return None
    if kind in ("array", "object"):
        try:
            read = json.loads(stripped)
        except (ValueError, RecursionError):
            return text
        return converted(read, schema) if is_json(read) else text
    return text


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """True where the value obeys the schema, and is not nested deeper than can be told."""
    try:
        return bool(validator(json.dumps(schema)).is_valid(value))
    except ValueError:  # how the library says that it is nested too deep
        return False


def refuse_misfits(manifest: Manifest, bound: Mapping[str, Any]) -> None:
    """Raise `BadArguments` for the first value that does not obey the schema."""
    try:
        error = next(iter(validator(json.dumps(manifest.input_schema)).iter_errors(dict(bound))), None)
    except ValueError as deep:  # how the library says that it is nested too deep
        raise RecursionError(str(deep)) from deep
    if error is None:
        return
    path = list(error.instance_path)
    name = str(path[0]) if path else ""
    where = f"`{name}`" + "".join(f"[{step!r}]" for step in path[1:])
    schema = manifest.input_schema["properties"].get(name, {})
    wanted = type_name(schema)
    raise BadArguments(
        f"the argument {where} of `{manifest.name}` must be {wanted}: {shortened(error.message)}",
        argument=name,
        expected=f"the argument `{name}` must be {wanted if len(path) < 2 else json.dumps(schema, ensure_ascii=False)}",
    )


def without_values(error: BadArguments) -> str:
    """What is wrong with a call, with no value of the caller's in it: fit for a prompt."""
    return str(error.facts.get("expected", error))


@functools.lru_cache(maxsize=512)
def validator(schema: str) -> Any:
    """The compiled validator of a schema's JSON text, formats checked."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats=FORMATS)


def read_by(read: Callable[[str], object]) -> Callable[[str], bool]:
    """A format that holds where the reader takes the text."""

    def holds(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return holds


FORMATS = {
    "date": read_by(datetime.date.fromisoformat),
    "date-time": read_by(datetime.datetime.fromisoformat),
    "time": read_by(datetime.time.fromisoformat),
}
"""What Python itself reads, times without a zone included: it is a function's `date` or `datetime` that comes of it."""


def type_name(schema: Mapping[str, Any]) -> str:
    """The schema's type in words people use."""
    if "anyOf" in schema:
        return " or ".join(type_name(option) for option in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(value) for value in schema["enum"])
    kind = schema.get("type", "any value")
    if "format" in schema:
        return f"{schema['format']} (text)"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def shortened(message: str) -> str:
    """The validator's message without the whole of a long value."""
    return message if len(message) <= 200 else f"{message[:80]} … {message[-80:]}"
