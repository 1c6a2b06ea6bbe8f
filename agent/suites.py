"""Joins the tests of an earlier version with new ones, so that no promise is ever dropped."""

import ast
from typing import Any

from agent.signature import UnreadableSignature, parse

Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def joined(old: str, new: str) -> str:
    """The old suite followed by the new one; a new name that is taken becomes another, a repeated test is left out.

    What the old tests use stays theirs: new helpers and constants never take the place of old ones. A suite that
    is not Python is appended as it is: the gate then names the fault.
    """
    try:
        return merged(old, new)
    except (UnreadableSignature, RecursionError):
        return f"{old.rstrip()}\n\n\n{new}"


def merged(old: str, new: str) -> str:
    """The two suites as one. Raises `UnreadableSignature` where one is not Python."""
    kept, added = parse(old).body, [node for node in parse(new).body if not belongs_on_top(node)]
    known, taken = {ast.dump(node) for node in kept}, names_of(kept)
    while True:  # a helper that is the same becomes another one where what it uses was renamed
        fresh = [node for node in added if ast.dump(node) not in known]
        clashing = names_of(fresh) & taken
        if not clashing:
            break
        brought = taken | names_of(added)
        free = Renaming({name: new_name(name, brought) for name in clashing})
        added = [free.visit(node) for node in added]
    if not fresh:
        return old
    return f"{old.rstrip()}\n\n\n{ast.unparse(ast.Module(body=fresh, type_ignores=[]))}\n"


def names_of(nodes: list[ast.stmt]) -> set[str]:
    """The names that the statements at the top of a module give a meaning."""
    return {name for node in nodes for name in bound_names(node)}


def belongs_on_top(node: ast.stmt) -> bool:
    """True for a docstring and for `from __future__`, which mean something at the top of a file only."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def bound_names(node: ast.stmt) -> set[str]:
    """The names that a statement at the top of a module gives a meaning; what is imported is the same everywhere."""
    if isinstance(node, Named):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def new_name(name: str, taken: set[str]) -> str:
    """The name with the first number that makes it new."""
    return next(f"{name}_{number}" for number in range(2, len(taken) + 3) if f"{name}_{number}" not in taken)


class Renaming(ast.NodeTransformer):
    """Gives names other names, wherever they stand; a fixture's is also that of the parameters it fills."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit(self, node: ast.AST) -> Any:
        """The node, renamed inside and out."""
        for key in ("id", "arg", "name"):
            name = getattr(node, key, None)
            if isinstance(name, str) and not isinstance(node, ast.keyword | ast.alias):
                setattr(node, key, self.names.get(name, name))
        return self.generic_visit(node)
