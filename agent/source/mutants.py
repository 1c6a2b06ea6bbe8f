"""Small faults put into a source on purpose, to see whether its tests notice."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.source.signature import UnreadableSignature, parse

MOST = 200

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
BORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A source with one fault."""

    source: str
    kind: str
    """The operator: comparison, border, boolean, arithmetic, constant, return, statement."""
    line: int
    change: str
    """What was changed, for people: `x < y` became `x <= y`."""


Change = tuple[str, ast.AST | None]
"""The operator and the new node; None drops the statement."""


def mutants_of(source: str) -> tuple[Mutant, ...]:
    """All sources with one fault, in the order of their lines, at most 200; none where the source cannot be read."""
    try:
        tree = parse(source)
        every = list(places(tree))
        texts = {id(place.node.value) for place in every if isinstance(place.node, ast.Expr)}
        found = [mutant_at(tree, place, change) for place in every
                 if not (isinstance(place.node, ast.Constant) and id(place.node) in texts)
                 for change in changes(place.node)]  # fmt: skip
        own = ast.unparse(tree)
    except (UnreadableSignature, RecursionError):
        return ()
    once = {mutant.source: mutant for mutant in sorted(found, key=lambda mutant: mutant.line)}
    once.pop(own, None)
    return tuple(once.values())[:MOST]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a node hangs in a tree."""

    node: ast.AST
    parent: ast.AST
    field: str
    number: int | None
    """Its place in the field, where that holds several."""

    def put(self, node: ast.AST) -> None:
        """Have that node hang there."""
        if self.number is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.number] = node


def places(tree: ast.AST) -> Iterator[Place]:
    """Every place of a tree below its top, in the order of `ast.walk`."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            for number, node in enumerate(value) if isinstance(value, list) else ((None, value),):
                if isinstance(node, ast.AST):
                    yield Place(node=node, parent=parent, field=field, number=number)


def mutant_at(tree: ast.Module, place: Place, change: Change) -> Mutant:
    """The source with one change at one place; the tree is afterwards what it was."""
    kind, new = change
    place.put(new or ast.Pass())
    try:
        source = ast.unparse(tree)
    finally:
        place.put(place.node)
    before, after = ast.unparse(place.node), ast.unparse(new) if new is not None else "nothing"
    told = f"`{before[:80]}` became `{after[:80]}`"
    return Mutant(source=source, kind=kind, line=getattr(place.node, "lineno", 0), change=told)


def changes(node: ast.AST) -> Iterator[Change]:
    """The faults that one node can have."""
    for kinds, make in MAKERS:
        if isinstance(node, kinds):
            yield from make(node)


def comparison_changes(node: ast.Compare) -> Iterator[Change]:
    """Every operator of a comparison, turned round or moved by one."""
    for place, operator in enumerate(node.ops):
        other = COMPARISONS[type(operator)]()
        operators = [*node.ops[:place], other, *node.ops[place + 1 :]]
        kind = "border" if isinstance(operator, BORDERS) else "comparison"
        yield kind, ast.Compare(left=node.left, ops=operators, comparators=node.comparators)


def boolean_changes(node: ast.BoolOp) -> Iterator[Change]:
    """`and` for `or`, and the other way round."""
    yield "boolean", ast.BoolOp(op=ast.Or() if isinstance(node.op, ast.And) else ast.And(), values=node.values)


def not_changes(node: ast.UnaryOp) -> Iterator[Change]:
    """A `not` or a minus left out."""
    if isinstance(node.op, ast.Not | ast.USub):
        yield "boolean" if isinstance(node.op, ast.Not) else "arithmetic", node.operand


def arithmetic_changes(node: ast.BinOp) -> Iterator[Change]:
    """Another operator."""
    if type(node.op) in ARITHMETIC:
        yield "arithmetic", ast.BinOp(left=node.left, op=ARITHMETIC[type(node.op)](), right=node.right)


def step_changes(node: ast.AugAssign) -> Iterator[Change]:
    """`-=` for `+=`, and the like."""
    if type(node.op) in ARITHMETIC:
        yield "arithmetic", ast.AugAssign(target=node.target, op=ARITHMETIC[type(node.op)](), value=node.value)


def constant_changes(node: ast.Constant) -> Iterator[Change]:
    """A number one more or one less, a truth turned round, a text emptied."""
    value = node.value
    if isinstance(value, bool):
        yield "boolean", ast.Constant(value=not value)
    elif isinstance(value, int | float):
        yield "constant", ast.Constant(value=value + 1)
        yield "constant", ast.Constant(value=value - 1)
    elif isinstance(value, str) and value:
        yield "constant", ast.Constant(value="")


def return_changes(node: ast.Return) -> Iterator[Change]:
    """Nothing returned, or the contrary."""
    if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        return
    yield "return", ast.Return(value=ast.Constant(value=None))
    if isinstance(node.value, ast.Compare | ast.BoolOp):
        yield "return", ast.Return(value=ast.UnaryOp(op=ast.Not(), operand=node.value))


def statement_changes(node: ast.stmt) -> Iterator[Change]:
    """A statement left out."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield "statement", None


MAKERS: tuple[tuple[tuple[type[ast.AST], ...], Callable[..., Iterator[Change]]], ...] = (
    ((ast.Compare,), comparison_changes),
    ((ast.BoolOp,), boolean_changes),
    ((ast.UnaryOp,), not_changes),
    ((ast.BinOp,), arithmetic_changes),
    ((ast.AugAssign,), step_changes),
    ((ast.Constant,), constant_changes),
    ((ast.Return,), return_changes),
    ((ast.AugAssign, ast.Expr, ast.Continue, ast.Break, ast.Raise), statement_changes),
)
"""Which node can have which faults."""
