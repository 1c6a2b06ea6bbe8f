"""Importable stand-ins for a candidate: one that raises a marker, and ones that return typed placeholders."""

from typing import Any

from agent.source.signature import Schema, Signature

MARKER = "KowalStubReached"
"""The class name of the stub's own error. It is an `Exception`, so that a test content with any error shows itself."""

PLACEHOLDERS: dict[str, list[Any]] = {
    "boolean": [False, True],
    "integer": [0, 1],
    "number": [0.0, 1.0],
    "string": ["", "x"],
    "array": [[]],
    "object": [{}],
    "null": [None],
}
MOST_PLACEHOLDERS = 4


def raising_stub(signature: Signature) -> str:
    """A module whose function raises the marker, whatever it is given."""
    return f"{header(signature)}\n    class {MARKER}(Exception):\n        pass\n\n    raise {MARKER}('{MARKER}')\n"


def placeholder_stub(signature: Signature, value: Any) -> str:
    """A module whose function returns the value, whatever it is given."""
    return f"{header(signature)}\n    return {value!r}\n"


def header(signature: Signature) -> str:
    """The stub's `def` line. It takes any call: what is asked is whether the test minds what the function does."""
    keyword = "async def" if signature.is_async else "def"
    return f"{keyword} {signature.name}(*args, **kwargs):"


def placeholders(schema: Schema) -> list[Any]:
    """Values of the declared type that a lazy function might return always, at most four."""
    options = schema.get("anyOf") or [schema]
    values: list[Any] = []
    for option in options:
        kinds = option.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        found = option.get("enum") or [value for kind in kinds for value in PLACEHOLDERS[kind]] or [None, 0, ""]
        values += [
            value
            for value in found
            if not any(value is kept or (value == kept and type(value) is type(kept)) for kept in values)
        ]
    return values[:MOST_PLACEHOLDERS]
