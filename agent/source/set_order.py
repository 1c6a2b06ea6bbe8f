"""Rewrites a source so that its sets of texts iterate the other way round, as under another hash seed they might.

It stands in for real seeds: the embedded engine's snapshot freezes one. Seen are the sets that the source makes itself
(displays, comprehensions, `set`, `frozenset`, what comes of them, set operations on the keys of a dictionary) and
those that its public function is given; sets made inside libraries are not.
"""

import ast

from agent.source.names import bindings
from agent.source.signature import parse

MADE, MADE_FROZEN, TURNED = "_kowal_set", "_kowal_frozenset", "_kowal_turned"
NAMES = {"set": MADE, "frozenset": MADE_FROZEN}
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
OPERATORS = (
    "__or__", "__ror__", "__and__", "__rand__", "__sub__", "__rsub__", "__xor__", "__rxor__",
    "union", "intersection", "difference", "symmetric_difference", "copy",
)  # fmt: skip
PRELUDE = f"""
def _kowal_sets():
    import numbers

    def steady(item):
        if isinstance(item, (tuple, frozenset)):
            return all(map(steady, item))
        return item is None or isinstance(item, numbers.Number)

    def turned(value):
        return made[type(value)](value) if type(value) in made else value

    def operator(plain):
        return lambda self, *others: turned(plain(self, *others))

    def kind_for(base):
        class Kind(type):
            def __instancecheck__(cls, value):
                return isinstance(value, base)

        class Turned(base, metaclass=Kind):
            def __iter__(self):
                items = list(base.__iter__(self))
                return iter(items if all(map(steady, items)) else items[::-1])

            def __repr__(self):
                items = ", ".join(map(repr, self))
                return repr(base({{0}} if items else ())).replace("0", items)

            def pop(self):
                for item in self:
                    self.remove(item)
                    return item
                return base.pop(self)

        for name in {OPERATORS!r}:
            setattr(Turned, name, operator(getattr(base, name)))
        if base is frozenset:
            del Turned.pop
        Turned.__name__ = Turned.__qualname__ = base.__name__
        return Turned

    made = {{base: kind_for(base) for base in (set, frozenset)}}
    return made[set], made[frozenset], turned


{MADE}, {MADE_FROZEN}, {TURNED} = _kowal_sets()
"""
"""What a rewritten source begins with. The hash of numbers and of None is the same in every process."""


def turned(source: str) -> str:
    """The rewritten source; empty where there is no set to turn, or the source is nested too deep to be rewritten.

    Raises `UnreadableSignature`.
    """
    tree = parse(source)
    turning = Turning(set(bindings(tree)))
    try:
        turning.visit(tree)
        return with_prelude(tree) if turning.count else ""
    except RecursionError:
        return ""


def with_prelude(tree: ast.Module) -> str:
    """The source of the tree, with our sets defined where the first statement may stand."""
    start = sum(1 for node in tree.body[:1] if is_docstring(node))
    start += sum(1 for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__")
    tree.body[start:start] = parse(PRELUDE).body
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def is_docstring(node: ast.stmt) -> bool:
    """True for a statement that is a text and nothing else."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def of_keys(node: ast.expr) -> bool:
    """True for `d.keys()` and `d.items()`, which are sets without saying so."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


class Turning(ast.NodeTransformer):
    """Puts our sets in the place of Python's, but for a function's annotations: the sandbox reads arguments by them."""

    def __init__(self, kept: set[str]) -> None:
        self.names = {name: ours for name, ours in NAMES.items() if name not in kept}
        self.count = 0

    def wrapped(self, node: ast.expr, by: str = MADE) -> ast.expr:
        """A call of one of ours on the node, what is inside it rewritten too."""
        self.count += 1
        self.generic_visit(node)
        return ast.Call(func=ast.Name(id=by, ctx=ast.Load()), args=[node], keywords=[])

    def visit_Set(self, node: ast.Set) -> ast.expr:
        """`{a, b}`."""
        return self.wrapped(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.expr:
        """`{a for a in b}`."""
        return self.wrapped(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """`a.keys() & b`."""
        return self.wrapped(node, TURNED) if of_keys(node.left) or of_keys(node.right) else self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """`set` and `frozenset`."""
        if node.id not in self.names or not isinstance(node.ctx, ast.Load):
            return node
        self.count += 1
        return ast.Name(id=self.names[node.id], ctx=ast.Load())

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """`a in {b, c}`: there the order does not matter."""
        node.left = self.visit(node.left)
        node.comparators = [other if isinstance(other, ast.Set) else self.visit(other) for other in node.comparators]
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """`set[str]` is a type."""
        is_type = isinstance(node.value, ast.Name) and node.value.id in NAMES
        return node if is_type else self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """A parameter has nothing inside but its annotation."""
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function, and the sets that it is given."""
        return self.function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """The same for a coroutine."""
        return self.function(node)

    def function(self, node: FunctionNode) -> ast.AST:
        """The function with its body rewritten, and each parameter that may be a set turned at its start."""
        returns, node.returns = node.returns, None
        self.generic_visit(node)
        node.returns = returns
        given = [each.arg for each in (*node.args.args, *node.args.kwonlyargs)
                 if each.annotation is not None and "set" in ast.unparse(each.annotation).lower()]  # fmt: skip
        self.count += len(given)
        start = 1 if is_docstring(node.body[0]) else 0
        node.body[start:start] = [line for name in given for line in parse(f"{name} = {TURNED}({name})").body]
        return node
