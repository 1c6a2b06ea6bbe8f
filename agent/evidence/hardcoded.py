"""Finds answers learnt by heart: a source that holds the examples' inputs as literals and looks them up."""

import ast
from collections.abc import Iterator, Sequence
from typing import Any

from agent.evidence.statements import Promise
from agent.source.signature import UnreadableSignature, parse

TELLING_NUMBER = 20
"""Smaller numbers stand in honest code too, as base cases and borders."""
TELLING_TEXT = 4
ENOUGH = 2
"""Looked-up inputs that are no accident."""
SHARE = 0.5
"""How much of a table must be examples for it to be one of examples."""


def fault_of(source: str, name: str, promises: Sequence[Promise]) -> str:
    """Why the source looks like a table of the examples; empty where it does not.

    A table that knows far more than the examples (the months, the units) is knowledge, not a table of examples.
    """
    given = [list(promise.arguments.positional) + [value for _, value in promise.arguments.named]
             for promise in promises]  # fmt: skip
    telling = {repr(plain(value)) for values in given for value in [*values, tuple(values)] if is_telling(value)}
    telling -= {repr(value) for value in choices(source, name)}
    for table in tables(source, name):
        entries = {repr(plain(value)) for value in table if is_telling(value)}
        found = entries & telling
        if len(found) >= ENOUGH and len(found) >= SHARE * len(entries):
            return f"it looks up {min(len(found), len(promises))} of the examples instead of working them out"
    return ""


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


def choices(source: str, name: str) -> Iterator[Any]:
    """What the types of the function's parameters name: a `Literal[...]` is read by comparing with its values."""
    try:
        tree = parse(source)
    except (UnreadableSignature, RecursionError):
        return
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in [inner for function in functions if function.name == name for inner in ast.walk(function.args)]:
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("Literal", "typing.Literal"):
            yield from literals(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])


def tables(source: str, name: str) -> Iterator[list[Any]]:
    """The keys of each dictionary and of each list of pairs, and the literals that are compared with, all in one."""
    try:
        tree = parse(source)
    except (UnreadableSignature, RecursionError):
        return
    compared: list[Any] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and not calls(node, name):
            compared += literals([node.left, *node.comparators])
        elif isinstance(node, ast.MatchValue):
            compared += literals([node.value])
        elif isinstance(node, ast.Dict):
            yield list(literals([key for key in node.keys if key is not None]))
        elif isinstance(node, ast.List | ast.Tuple):
            pairs = [item for item in node.elts if isinstance(item, ast.List | ast.Tuple) and len(item.elts) == 2]
            yield list(literals([pair.elts[0] for pair in pairs]))
    yield compared


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
