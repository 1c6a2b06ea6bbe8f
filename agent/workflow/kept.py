"""Values as they are kept between two steps: JSON, never pickle."""

import json
from functools import cache
from typing import Any, cast

from pydantic import ConfigDict, TypeAdapter

from agent.errors import KowalError
from registry import RegistryError
from sandbox import SandboxError

BYTES_AS_TEXT = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What turns values of the kind into JSON and back; in a tuple of one, for a dataclass takes no options itself."""
    return TypeAdapter(tuple[kind], config=BYTES_AS_TEXT)


def written(kind: Any, value: Any) -> Any:
    """The value as JSON values."""
    return json.loads(adapter(kind).dump_json((value,)))[0]


def read[T](kind: type[T], kept: Any) -> T:
    """The value that was kept. Raises `ValueError` for what is none."""
    made: Any = kind
    (value,) = adapter(made).validate_json(json.dumps([kept]))
    return cast(T, value)


def error_written(error: Exception) -> dict[str, Any]:
    """The error as JSON values: what happened, what was kept, what to do, and the facts."""
    facts = getattr(error, "facts", {})
    return {
        "type": type(error).__name__,
        "message": str(error),
        "advice": getattr(error, "advice", ""),
        "kept": getattr(error, "kept", ""),
        "facts": json.loads(json.dumps(facts, default=str)),
        "retryable": is_retryable(error),
        "came_of": origin_of(error),
        "exit_code": getattr(error, "exit_code", 1),
    }


def is_retryable(error: BaseException | None) -> bool:
    """Whether trying again may help: the error says so, or the one that it came of."""
    return error is not None and (getattr(error, "retryable", False) or is_retryable(error.__cause__))


def origin_of(error: BaseException) -> str:
    """The type of the error that it all came of, as far as that is known."""
    known: str = getattr(error, "came_of", "")
    return known or (origin_of(error.__cause__) if error.__cause__ else type(error).__name__)


def error_read(kept: dict[str, Any]) -> Exception:
    """The error that was kept, of its type where that is one of ours."""
    kind = named_errors().get(kept["type"], KowalError)
    facts = kept["facts"] if issubclass(kind, KowalError) else {}
    error: Exception = kind(kept["message"], advice=kept["advice"], kept=kept["kept"], **facts)
    error.retryable = kept["retryable"]  # type: ignore[attr-defined]  # each of ours has it
    error.came_of = kept["came_of"]  # type: ignore[attr-defined]
    return error


def family(kind: type[Any]) -> list[type[Any]]:
    """The class and all under it."""
    return [kind, *(under for child in kind.__subclasses__() for under in family(child))]


def named_errors() -> dict[str, type[Any]]:
    """Our errors by name; back ends bring their own when they are imported, so this is asked anew each time."""
    return {kind.__name__: kind for base in (KowalError, RegistryError, SandboxError) for kind in family(base)}
