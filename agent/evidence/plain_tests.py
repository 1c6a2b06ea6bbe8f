"""The tests that only say what calls give: they can be made outside the guest, to see whether they hold."""

import ast
from collections.abc import Iterator
from typing import Any

from agent.evidence.behaviour import as_json
from agent.evidence.statements import Promise, promise_of
from agent.source.signature import UnreadableSignature, parse
from sandbox import Answer, FailureKind

SETTLED = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
STEERING = ("autouse", "setup_", "teardown_", "pytest_")
"""What changes how all tests of a module run."""


def plain_promises(suite: str, target: str) -> tuple[tuple[str, Promise], ...]:
    """Each promise that a test makes before it does anything else, with the test's name.

    A suite where more than imports and definitions stands around its tests has none: what they say may depend on it.
    """
    try:
        tree = parse(suite)
        if any(word in suite for word in STEERING) or not all(map(is_idle, tree.body)) or redefines(tree, target):
            return ()
        tests = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return tuple((test.name, promise) for test in tests for promise in promises_in(test, target))
    except (UnreadableSignature, RecursionError):
        return ()


def is_idle(node: ast.stmt) -> bool:
    """True for a definition, an import or a docstring: what changes nothing of what functions give."""
    return isinstance(node, SETTLED) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def redefines(tree: ast.Module, target: str) -> bool:
    """True where the module has something else under the function's name."""
    defined = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))
    return any(node.name == target for node in defined)


def promises_in(node: ast.FunctionDef | ast.AsyncFunctionDef, target: str) -> Iterator[Promise]:
    """The promises with which a test without parameters and marks begins."""
    if not node.name.startswith("test") or node.decorator_list or node.args.args or node.args.kwonlyargs:
        return
    for statement in node.body:
        promise = promise_of(statement, target) if isinstance(statement, ast.Assert) else None
        if promise is not None:
            yield promise
        elif not is_idle(statement):
            return


def is_denied(answer: Answer, promise: Promise) -> bool:
    """True where a test that made this promise cannot have passed, whatever its `==` made of the value.

    A call by name gets JSON values, which a test does not: there a failure says nothing.
    """
    if answer.failure is not None:
        return answer.failure.kind is FailureKind.EXCEPTION and not promise.arguments.named
    return contradicts(answer.value, as_json(promise.value))


def contradicts(value: Any, promised: Any) -> bool:
    """True where two JSON values of one kind differ. Of two kinds nothing is known: a decimal crosses as text."""
    if isinstance(value, bool) or isinstance(promised, bool):
        return isinstance(value, bool) and isinstance(promised, bool) and value is not promised
    if isinstance(value, int | float) and isinstance(promised, int | float):
        return value != promised
    if isinstance(value, list) and isinstance(promised, list):
        return len(value) != len(promised) or any(map(contradicts, value, promised))
    if isinstance(value, dict) and isinstance(promised, dict):
        return value.keys() != promised.keys() or any(contradicts(value[key], promised[key]) for key in value)
    return isinstance(value, str) and isinstance(promised, str) and value != promised
