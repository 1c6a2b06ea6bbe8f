"""Checks the names in a source: those that nothing defines, and those that a library module does not have."""

import ast
import sys
from collections.abc import Iterator

from sandbox import Call, Sandbox

BROKEN = frozenset(
    {"UndefinedName", "UndefinedLocal", "UndefinedExport", "ReturnOutsideFunction", "YieldOutsideFunction",
     "ContinueOutsideLoop", "BreakOutsideLoop", "DefaultExceptNotLast", "TwoStarredExpressions",
     "TooManyExpressionsInStarredAssignment", "DuplicateArgument", "LateFutureImport", "FutureFeatureNotDefined",
     "ForwardAnnotationSyntaxError", "ImportStarNotPermitted"}
)  # fmt: skip
"""What pyflakes reports that fails where the line is reached. The rest (unused, redefined, odd) is worth a note."""
LOOK_UP = """
import importlib

def lacks(module, name):
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        return error.name != module.partition(".")[0] and f"{module}.".startswith(f"{error.name}.")
    try:
        if name and not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")
    except ModuleNotFoundError as error:
        return error.name == f"{module}.{name}"
    return False

def tried(module, name):
    try:
        return lacks(module, name)
    except Exception:
        return False

def missing(wanted: list[list[str]]) -> list[list[str]]:
    return [reference for reference in wanted if tried(*reference)]
"""
"""Runs in the sandbox: imports may do anything. A module that this guest lacks altogether says nothing."""

Reference = tuple[str, str]
"""A module, and a name in it; no name for the module itself."""


def read(tree: ast.Module) -> tuple[list[str], list[str]]:
    """What fails where it is reached, and what is odd: one line each, in the order of the source."""
    from pyflakes.checker import Checker  # type: ignore[import-untyped] # it has no types

    found = sorted(Checker(tree, withDoctest=False).messages, key=lambda message: (message.lineno, message.col))
    broken, odd = list[str](), list[str]()
    for message in found:
        text = f"line {message.lineno}: {message.message % message.message_args}"
        (broken if type(message).__name__ in BROKEN else odd).append(text)
    return broken, odd


def unused_helpers(tree: ast.Module) -> Iterator[str]:
    """Private functions and classes at the top that nothing outside themselves mentions."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name.startswith("_"):
            elsewhere = (inner for other in tree.body if other is not node for inner in ast.walk(other))
            if not any(isinstance(inner, ast.Name) and inner.id == node.name for inner in elsewhere):
                yield f"line {node.lineno}: `{node.name}` is never used"


def absent(tree: ast.Module, sandbox: Sandbox) -> Iterator[str]:
    """Uses of names that a module of the standard library does not have, looked up in the sandbox, all in one call."""
    lines = references(tree)
    if not lines:
        return
    result = sandbox.call(Call(source=LOOK_UP, function="missing", arguments={"wanted": list(map(list, lines))}))
    missing = result.value if isinstance(result.value, list) else []
    for reference, line in lines.items():
        if list(reference) in missing:
            module, name = reference
            yield f"line {line}: " + (f"`{module}` has no `{name}`" if name else f"there is no module `{module}`")


def references(tree: ast.Module) -> dict[Reference, int]:
    """Every name that the source takes from the standard library, with the first line that does."""
    nodes = list(unguarded(tree))
    found = {reference: node.lineno for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)
             for reference in imported(node)}  # fmt: skip
    modules = module_names(tree)
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.setdefault((modules[node.value.id], node.attr), node.lineno)
    return {reference: line for reference, line in found.items()
            if reference[0].partition(".")[0] in sys.stdlib_module_names}  # fmt: skip


def unguarded(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all in it, but for what stands in a `try` that expects a name to be absent."""
    caught = (
        " ".join(ast.unparse(each.type) for each in node.handlers if each.type) if isinstance(node, ast.Try) else ""
    )
    if any(word in caught for word in ("ImportError", "ModuleNotFoundError", "AttributeError")):
        return
    yield node
    for inner in ast.iter_child_nodes(node):
        yield from unguarded(inner)


def imported(node: ast.Import | ast.ImportFrom) -> list[Reference]:
    """What one import takes."""
    if isinstance(node, ast.Import):
        return [(alias.name, "") for alias in node.names]
    if node.level or not node.module:
        return []
    return [(node.module, "" if alias.name == "*" else alias.name) for alias in node.names]


def module_names(tree: ast.Module) -> dict[str, str]:
    """The names that stand for one module wherever they stand, and the module."""
    found: dict[str, set[str]] = {name: {""} for name in bindings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                found.setdefault(alias.asname or whole, set()).add(whole)
    return {name: modules.pop() for name, modules in found.items() if len(modules) == 1 and "" not in modules}


def bindings(tree: ast.Module) -> Iterator[str]:
    """Every name that is bound otherwise than to a whole module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
