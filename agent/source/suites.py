"""Joins suites so that no promise is ever dropped, and parts them: what a coder sees, and what a person unsaid."""

import ast
from collections.abc import Collection
from typing import Any

from agent.source.signature import UnreadableSignature, parse

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


def visible_half(suite: str) -> str:
    """The suite with every second test left out, and what only those use: what a coder gets to see.

    Tests in classes count one by one. At least one test stays.
    """
    body = parse(suite).body
    hidden = every_test(body)[1::2]
    left_out = set(map(id, hidden))
    for node in body:
        if isinstance(node, ast.ClassDef):
            node.body = [inner for inner in node.body if id(inner) not in left_out]
    body = [node for node in body if id(node) not in left_out and not is_empty(node)]
    while spare := [node for node in body if serves_only(node, hidden, body)]:
        hidden = [*hidden, *spare]
        body = [node for node in body if node not in spare]
    return ast.unparse(ast.Module(body=body, type_ignores=[])) + "\n"


def every_test(body: list[ast.stmt]) -> list[ast.stmt]:
    """The tests, in their order, those in classes one by one."""
    tests = (node.body if isinstance(node, ast.ClassDef) else [node] for node in body if is_test(node))
    return [inner for group in tests for inner in group if is_test(inner)]


def is_empty(node: ast.stmt) -> bool:
    """True for a class of tests that holds none."""
    return isinstance(node, ast.ClassDef) and is_test(node) and not every_test([node])


def serves_only(node: ast.stmt, users: list[ast.stmt], body: list[ast.stmt]) -> bool:
    """True for a helper or a constant that these use and nothing else in the body does."""
    names = set() if is_test(node) else bound_names(node)
    others = [other for other in body if other is not node]
    used, still_used = (set[str]().union(*map(words_in, nodes)) for nodes in (users, others))
    return bool(names & used) and not names & still_used


def words_in(node: ast.AST) -> set[str]:
    """Every name that is used inside: as such, as a parameter that a fixture fills, or in quotes."""
    found = (getattr(inner, key, None) for inner in ast.walk(node) for key in ("id", "arg", "value"))
    return {word for word in found if isinstance(word, str)}


def without(suite: str, names: Collection[str]) -> str:
    """The suite without the tests of these names."""
    body = [node for node in parse(suite).body if not (is_test(node) and getattr(node, "name", "") in names)]
    return ast.unparse(ast.Module(body=body, type_ignores=[])) + "\n" if names else suite


def tests_in(suite: str) -> tuple[str, ...]:
    """The names of the suite's tests and classes of tests, in their order."""
    return tuple(getattr(node, "name", "") for node in parse(suite).body if is_test(node))


def is_test(node: ast.stmt) -> bool:
    """True for what pytest collects at the top of a module."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name.startswith("test")
    return isinstance(node, ast.ClassDef) and node.name.startswith("Test")


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
