"""What pytest's `parametrize` marks fill into a test: rows of values, and pieces of the test with a row filled in."""

import ast
import copy
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

Row = Mapping[str, ast.expr]
"""What the parameters of a test are in one of its runs."""
Test = ast.FunctionDef | ast.AsyncFunctionDef
MOST_ROWS = 200
"""Of one test; the rows after that are left out."""


def rows_of(test: Test) -> tuple[Row, ...]:
    """The rows with which pytest runs the test: for one without parameters a single row, with nothing in it.

    None where something fills or changes the test that is not written beside it: a fixture, another decorator, rows
    that are worked out.
    """
    marks = [marked_rows(decorator) for decorator in reversed(test.decorator_list)]
    rows = (merged(parts) for parts in itertools.islice(itertools.product(*marks), MOST_ROWS))
    needed = parameters_of(test) - {"self"}
    return tuple(row for row in rows if row.keys() == needed)


def merged(parts: tuple[Row, ...]) -> Row:
    """One row of several marks."""
    return {name: value for part in parts for name, value in part.items()}


def parameters_of(test: Test) -> set[str]:
    """The names that pytest has to fill."""
    return {argument.arg for argument in (*test.args.posonlyargs, *test.args.args, *test.args.kwonlyargs)}


def marked_rows(decorator: ast.expr) -> list[Row]:
    """The rows in a `parametrize` mark; none in any other decorator, nor where they go through a fixture."""
    if not (isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("mark.parametrize")):
        return []
    given = dict(zip(("argnames", "argvalues", "indirect"), decorator.args, strict=False))
    given |= {keyword.arg or "": keyword.value for keyword in decorator.keywords}
    values = given.get("argvalues")
    if "indirect" in given or not isinstance(values, ast.List | ast.Tuple):
        return []
    names, one_by_one = names_in(given.get("argnames"))
    rows = [values_in(value, one_by_one=one_by_one) for value in values.elts]
    return [dict(zip(names, row, strict=True)) for row in rows if len(row) == len(names) > 0]


def names_in(node: ast.expr | None) -> tuple[list[str], bool]:
    """The names that a mark fills, and whether its values stand bare: `"a"` has them so, `"a, b"` and `["a"]` not."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        names = [name.strip() for name in node.value.split(",") if name.strip()]
        return names, len(names) == 1
    items: list[ast.expr] = getattr(node, "elts", [])
    return [str(item.value) for item in items if isinstance(item, ast.Constant)], False


def values_in(node: ast.expr, *, one_by_one: bool) -> list[ast.expr]:
    """The values in one row; none in a row that has marks of its own, which may expect it to fail."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.param", "param"):
        marked = any(keyword.arg != "id" for keyword in node.keywords)
        values = [] if marked else node.args
    elif one_by_one:
        values = [node]
    else:
        values = getattr(node, "elts", [])
    return [] if any(isinstance(value, ast.Starred) for value in values) else values


def assignments(row: Row) -> list[ast.stmt]:
    """The row as statements."""
    targets = {name: ast.Name(id=name, ctx=ast.Store()) for name in row}
    return [ast.fix_missing_locations(ast.Assign(targets=[targets[name]], value=value)) for name, value in row.items()]


def filled[Node: ast.AST](node: Node, row: Row) -> Node:
    """A copy of the node in which the values stand for their names."""
    changed: Node = Filling(row).visit(copy.deepcopy(node))
    return changed


def calls_in(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call in the tree; those in tests with `parametrize` marks once as they stand and once for each row."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = ast.Module(body=node.body, type_ignores=[])
            for row in filter(None, rows_of(node)):
                yield from (inner for inner in ast.walk(filled(body, row)) if isinstance(inner, ast.Call))


class Filling(ast.NodeTransformer):
    """Puts values in the place of names that are read."""

    def __init__(self, row: Row) -> None:
        self.row = row

    def visit_Name(self, node: ast.Name) -> Any:
        """The value that the name has in the row, or the name."""
        return self.row.get(node.id, node) if isinstance(node.ctx, ast.Load) else node
