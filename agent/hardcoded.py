"""Finds answers learnt by heart: a source that holds the examples' inputs as literals and looks them up."""

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from agent.signature import UnreadableSignature, parse
from agent.statements import Promise

TELLING_NUMBER = 20
"""Smaller numbers stand in honest code too, as base cases and borders."""
TELLING_TEXT = 4
ENOUGH = 2
"""Looked-up inputs that are no accident."""


def fault_of(source: str, name: str, promises: Sequence[Promise]) -> str:
    """Why the source looks like a table of the examples; empty where it does not."""
    given = [list(promise.arguments.positional) + [value for _, value in promise.arguments.named]
             for promise in promises]  # fmt: skip
    telling = {repr(plain(value)) for values in given for value in [*values, tuple(values)] if is_telling(value)}
    found = {repr(plain(value)) for value in looked_up(source, name)} & telling
    return f"it looks up {len(found)} of the examples instead of working them out" if len(found) >= ENOUGH else ""


def is_telling(value: Any) -> bool:
    """True for a value that no honest function would compare with by accident."""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float):
        return abs(value) >= TELLING_NUMBER
    if isinstance(value, str):
        return len(value) >= TELLING_TEXT
    return isinstance(value, list | tuple | dict) and len(value) > 0 and value != ("",)


def plain(value: Any) -> Any:
    """The value with tuples as lists: tables need keys that can be hashed."""
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def looked_up(source: str, name: str) -> Iterator[Any]:
    """The literals in the source that are compared with, or stand as keys of a table."""
    try:
        tree = parse(source)
    except (UnreadableSignature, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and not calls(node, name):
            yield from literals([node.left, *node.comparators])
        elif isinstance(node, ast.Dict):
            yield from literals([key for key in node.keys if key is not None])
        elif isinstance(node, ast.MatchValue):
            yield from literals([node.value])


def calls(node: ast.AST, name: str) -> bool:
    """True where the function itself is called inside: a test that was left in, not a table."""
    return any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node))


def literals(nodes: list[ast.expr]) -> Iterator[Any]:
    """The values of those that are literal, and of the members of literal collections."""
    for node in nodes:
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        yield value
        if isinstance(value, list | tuple | set) and isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield from value
