"""Finds statements that no run can reach."""

import ast
from collections.abc import Iterator, Sequence

LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
LOOPS = (ast.While, ast.For, ast.AsyncFor)


def unreachable(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line of the first statement of each unreachable piece, and what stands before it."""
    for node in ast.walk(tree):
        for _, block in ast.iter_fields(node):
            if is_block(block):
                yield from behind_an_end(block)
        if isinstance(node, ast.If | ast.While) and is_constant(node.test, truth=False):
            yield node.body[0].lineno, f"a condition that is never true (line {node.lineno})"
        elif isinstance(node, ast.If) and is_constant(node.test, truth=True) and node.orelse:
            yield node.orelse[0].lineno, f"a condition that is always true (line {node.lineno})"


def is_block(value: object) -> bool:
    """True for a list of statements."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], ast.stmt)


def behind_an_end(block: Sequence[ast.stmt]) -> Iterator[tuple[int, str]]:
    """The first statement behind one that never comes to its end."""
    for place, node in enumerate(block[:-1]):
        if not ends(node):
            if not is_meant(block[place + 1 :]):
                word = type(node).__name__.lower()
                yield block[place + 1].lineno, f"a `{word}` that is never passed (line {node.lineno})"
            return


def ends(node: ast.stmt) -> bool:
    """True where the statement behind this one may come next."""
    if isinstance(node, LEAVING):
        return False
    if isinstance(node, ast.If):
        return all_end(node.body) or not node.orelse or all_end(node.orelse)
    if isinstance(node, ast.While):
        return not is_constant(node.test, truth=True) or breaks(node.body)
    if isinstance(node, ast.Try):
        finished = all_end([*node.body, *node.orelse]) or any(all_end(handler.body) for handler in node.handlers)
        return finished and all_end(node.finalbody)
    return True  # a `with` may swallow the error that leaves it


def all_end(block: Sequence[ast.stmt]) -> bool:
    """True where the block may be passed."""
    return all(map(ends, block))


def breaks(block: Sequence[ast.AST]) -> bool:
    """True where a `break` leaves the loop whose body this is."""
    for node in block:
        if isinstance(node, ast.Break):
            return True
        inner = node.orelse if isinstance(node, LOOPS) else list(ast.iter_child_nodes(node))
        if not isinstance(node, SCOPES) and breaks(inner):
            return True
    return False


def is_constant(test: ast.expr, *, truth: bool) -> bool:
    """True for a literal of that truth."""
    return isinstance(test, ast.Constant) and bool(test.value) is truth


def is_meant(rest: Sequence[ast.stmt]) -> bool:
    """True for what people write behind an end on purpose: a guard, or the `yield` that makes a generator."""
    guards = all(isinstance(node, ast.Raise | ast.Assert | ast.Pass) for node in rest)
    return guards or any(isinstance(inner, ast.Yield | ast.YieldFrom) for node in rest for inner in ast.walk(node))
