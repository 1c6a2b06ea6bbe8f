"""Reads the pieces of a test suite: which statements are assertions, and which are what these lean on."""

import ast

UNITTEST = {
    "assertEqual": "{0} == {1}", "assertEquals": "{0} == {1}", "assertListEqual": "{0} == {1}",
    "assertDictEqual": "{0} == {1}", "assertTupleEqual": "{0} == {1}", "assertSetEqual": "{0} == {1}",
    "assertTrue": "{0}", "assertFalse": "not {0}", "assertIsNone": "{0} is None", "assertIs": "{0} is {1}",
    "assertIn": "{0} in {1}", "assertNotEqual": "{0} != {1}", "assertAlmostEqual": "abs({0} - {1}) < 1e-7",
}  # fmt: skip
"""The methods of `unittest` that say the same as a plain `assert`."""


def is_prelude(node: ast.stmt, target: str) -> bool:
    """True for what tests lean on: imports of other things, helpers; never the target itself."""
    if isinstance(node, ast.ImportFrom):
        return node.module not in (None, "__future__", "function") and all(alias.name != target for alias in node.names)
    if isinstance(node, ast.Import):
        return all(alias.name not in ("function", target) for alias in node.names)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name != target and not node.name.startswith("test")
    return False


def is_setting(node: ast.stmt) -> bool:
    """True for a statement that gives a name its value."""
    return isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)


def as_assert(node: ast.stmt) -> ast.stmt | None:
    """The node where it is evidence by itself: an `assert`, `unittest`'s word for one, `with pytest.raises`."""
    if isinstance(node, ast.Assert):
        return ast.Assert(test=node.test)
    if isinstance(node, ast.With) and "raises" in ast.unparse(node.items[0]).lower():
        return node if "self." not in ast.unparse(node.items[0]) else None
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        form = UNITTEST.get(node.value.func.attr)
        parts = [f"({ast.unparse(argument)})" for argument in node.value.args]
        if form and len(parts) >= form.count("{"):
            return ast.parse(f"assert {form.format(*parts)}").body[0]
    return None


def asserts_inside(node: ast.stmt) -> bool:
    """True for a loop or another compound statement that asserts: it holds or fails as a whole."""
    compound = isinstance(node, ast.For | ast.While | ast.If | ast.With | ast.Try)
    return compound and any(isinstance(inner, ast.Assert) for inner in ast.walk(node))


def mentions(node: ast.AST, name: str) -> bool:
    """True where the name is used anywhere inside."""
    return any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node))


def tells_host(node: ast.AST) -> bool:
    """True where the scripted host is told what to say: `host.script(...)`."""
    calls = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return any(isinstance(called, ast.Attribute) and called.attr == "script" for called in calls)
