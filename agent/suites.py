"""Joins the tests of an earlier version with new ones, so that no promise is ever dropped."""

import ast


def joined(old: str, new: str) -> str:
    """The old suite followed by the new one; a new test whose name is taken gets another, a repeated one is left out.

    A suite that is not Python is appended as it is: the gate then names the fault.
    """
    try:
        kept, added = ast.parse(old), ast.parse(new)
    except SyntaxError:
        return f"{old.rstrip()}\n\n\n{new}"
    bodies = {ast.dump(node) for node in kept.body}
    taken = {node.name for node in kept.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    fresh = [renamed(node, taken) for node in added.body if ast.dump(node) not in bodies]
    if not fresh:
        return old
    return f"{old.rstrip()}\n\n\n{ast.unparse(ast.Module(body=fresh, type_ignores=[]))}\n"


def renamed(node: ast.stmt, taken: set[str]) -> ast.stmt:
    """The statement, its name made new where a test of that name exists."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in taken and node.name.lower().startswith("test"):
        number = next(n for n in range(2, 10_000) if f"{node.name}_{n}" not in taken)
        node.name = f"{node.name}_{number}"
        taken.add(node.name)
    return node
