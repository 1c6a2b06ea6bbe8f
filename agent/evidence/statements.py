"""Takes test suites and task texts apart into single pieces of evidence: one statement, one promised result."""

import ast
import doctest
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.evidence.assertions import as_assert, asserts_inside, is_prelude, is_setting, mentions, tells_host
from agent.evidence.parametrised import Row, assignments, calls_in, filled, rows_of
from agent.source.signature import UnreadableSignature, parse

ARROWS = r"==>|=>|->|==|=|➞|→|⟶|returns|should\s+return|gives"
_STATED = re.compile(rf"\s*(?:#\s*)?(?:{ARROWS})\s*")
_INPUT = re.compile(r"^[ \t]*Input:[ \t]*(.+)\n[ \t]*Output:[ \t]*(.+)$", re.MULTILINE)
_SAID = re.compile(
    r"^[ \t]*(?:for|if|when|given)\s+(\w+\s*=\s*\S.*?),?\s+(?:the|it|then)\b.*?"
    r"(?:output|result|answer|value)\s+(?:should\s+be|will\s+be|is)[ \t]+(.+)$",
    re.MULTILINE | re.IGNORECASE,
)
_LITERAL_ENDS = re.compile(r"$|\s+#|\.\s|\.$|,\s|;|\s+(?=[A-Za-z(])", re.MULTILINE)
MOST_STATEMENTS = 200
"""And as many calls: of one suite, the first of them."""
MOST_LITERAL_CHARS = 20_000


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What one call gets: Python literals by place, JSON values by name."""

    positional: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """As one would write them in a call; two calls with the same text are the same call."""
        return ", ".join([*map(repr, self.positional), *(f"{name}={value!r}" for name, value in self.named)])

    @property
    def literal(self) -> str:
        """As the sandbox reads them (`sandbox.Calls`)."""
        return repr((self.positional, dict(self.named)))


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A call, and the value that somebody says it must give."""

    arguments: Arguments
    value: Any = None
    raises: bool = False
    """True where the call must fail; then there is no value."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One piece of a test suite that can hold or fail by itself."""

    code: str
    """The statement, with what it needs before it."""
    promise: Promise | None = None
    """What it says, where that is a call with literals and a literal result: it is judged outside the sandbox then."""


def statements_of(suite: str, target: str) -> tuple[Statement, ...]:
    """The suite's evidence on the target, each piece once. Copies of the target in it are left out.

    A suite that is no Python, or nested without measure, gives none.
    """
    found: dict[str, Statement] = {}
    try:
        tree = parse(suite)
        prelude = [node for node in tree.body if is_prelude(node, target)]
        for context, node in assertions(tree.body, (), target):
            if mentions(node, target) or any(mentions(earlier, target) for earlier in context):
                statement = statement_of(prelude, context, node, target)
                found.setdefault(statement.code, statement)
            if len(found) == MOST_STATEMENTS:
                break
    except (UnreadableSignature, RecursionError):
        return ()
    return tuple(found.values())


def assertions(
    body: Sequence[ast.stmt], context: Sequence[ast.stmt], target: str, row: Row | None = None
) -> Iterator[tuple[list[ast.stmt], ast.stmt]]:
    """Each assertion with what stands before it: all of its own test, and the constants at the top.

    A test with `parametrize` marks gives its assertions anew for each row. There is no `row` outside of tests.
    """
    before = list(context)
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            for values in rows_of(node):
                yield from assertions(node.body, [*before, *assignments(values)], target, values)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from assertions(node.body, before, target, {})
        elif isinstance(node, ast.FunctionDef) and node.name == target:  # tests written into a copy of the target
            yield from (([], plain) for inner in node.body if (plain := as_assert(inner)) and promise_of(plain, target))
        elif (plain := as_assert(node)) is not None:
            yield before, as_promise(plain, row or {}, before, target)
        elif row is not None and asserts_inside(node):
            yield before, node
        elif row is not None or is_setting(node):
            before = [*before, node]


def as_promise(node: ast.stmt, row: Row, context: Sequence[ast.stmt], target: str) -> ast.stmt:
    """The assertion with the row's values in it where that makes it a promise; otherwise as it is."""
    if not row:
        return node
    untouched = {name: value for name, value in row.items() if sum(mentions(earlier, name) for earlier in context) == 1}
    plain = filled(node, untouched)
    return plain if promise_of(plain, target) else node


def statement_of(prelude: list[ast.stmt], context: list[ast.stmt], node: ast.stmt, target: str) -> Statement:
    """The piece of evidence in one assertion. What a test tells its host to say belongs to it."""
    promise = None if any(map(tells_host, context)) else promise_of(node, target)
    if promise is not None:
        return Statement(code=ast.unparse(node), promise=promise)
    return Statement(code=ast.unparse(ast.Module(body=[*prelude, *context, node], type_ignores=[])))


def promise_of(node: ast.stmt, target: str) -> Promise | None:
    """What an assertion says literally of a literal call: that it gives a value, or that it raises."""
    match node:
        case ast.Assert(test=test):
            return promise_in(test, target)
        case ast.With(items=[_], body=[ast.Expr(value=call)]):
            arguments = arguments_of(call, target)
            return Promise(arguments=arguments, raises=True) if arguments is not None else None
    return None


def promise_in(test: ast.expr, target: str) -> Promise | None:
    """What `f(1) == 2`, `f(1) is None`, `not f(1)` and `f(1)` promise, where all in them is literal."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            return promised(left, right, target) or promised(right, left, target)
        case ast.UnaryOp(op=ast.Not(), operand=(ast.Call() | ast.Await()) as call):
            return promised(call, ast.Constant(value=False), target)
        case ast.Call() | ast.Await():
            return promised(test, ast.Constant(value=True), target)
    return None


def promised(call: ast.expr, value: ast.expr, target: str) -> Promise | None:
    """The promise that the call gives the value; None where one of them is not literal."""
    arguments = arguments_of(call, target)
    if arguments is None:
        return None
    try:
        return Promise(arguments=arguments, value=ast.literal_eval(value))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def arguments_of(call: ast.expr, target: str) -> Arguments | None:
    """The literal arguments of a call of the target, awaited or not; None for anything else."""
    call = call.value if isinstance(call, ast.Await) else call
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == target):
        return None
    try:
        positional = tuple(ast.literal_eval(argument) for argument in call.args)
        named = tuple((keyword.arg or "", ast.literal_eval(keyword.value)) for keyword in call.keywords)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return Arguments(positional=positional, named=named) if all(name for name, _ in named) else None


def calls_of(suite: str, target: str) -> tuple[Arguments, ...]:
    """Every literal call of the target in a suite, each once: inputs that its author thought of.

    Those in tests with `parametrize` marks are there for each row. A suite that is no Python has none.
    """
    found: dict[str, Arguments] = {}
    try:
        for node in calls_in(parse(suite)):
            arguments = arguments_of(node, target)
            if arguments is not None:
                found.setdefault(arguments.text, arguments)
            if len(found) == MOST_STATEMENTS:
                break
    except (UnreadableSignature, RecursionError):
        return ()
    return tuple(found.values())


# --- the task's own examples


def examples_in(text: str, target: str) -> tuple[Promise, ...]:
    """The examples in a task's own words: doctests, `f(1) == 2`, `f(1) => 2`, `Input: ... Output: ...`."""
    found = [*doctest_promises(text, target), *stated_promises(text, target), *input_output(text)]
    once = {promise.arguments.text: promise for promise in reversed(found)}
    return tuple(reversed(once.values()))


def doctest_promises(text: str, target: str) -> Iterator[Promise]:
    """What the text's `>>>` lines promise."""
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError:
        return
    for example in examples:
        call, wanted = expression(example.source), example.want.strip().removesuffix('"""').strip()
        if call is None:
            continue
        value = expression(wanted or "None")
        if isinstance(call, ast.Call):
            promise = promised(call, value, target) if value is not None else None
        else:
            promise = promise_in(call, target) if wanted in ("", "True") else None
        if promise is not None:
            yield promise


def stated_promises(text: str, target: str) -> Iterator[Promise]:
    """What stands behind an arrow or an equal sign after a call of the target."""
    for start in re.finditer(rf"\b{re.escape(target)}\(", text):
        end = closing(text, start.end() - 1)
        call = expression(text[start.start() : end]) if end else None
        arrow = _STATED.match(text, end) if end else None
        if call is None or arrow is None:
            continue
        value = leading_literal(text[arrow.end() : arrow.end() + MOST_LITERAL_CHARS])
        promise = promised(call, value, target) if value is not None else None
        if promise is not None:
            yield promise


def input_output(text: str) -> Iterator[Promise]:
    """What `Input: a = 1, b = [2]` above `Output: 3` promises."""
    for found in (*_INPUT.finditer(text), *_SAID.finditer(text)):
        call, value = expression(f"f({found[1]})"), leading_literal(found[2])
        arguments = arguments_of(call, "f") if call is not None else None
        if arguments is None or value is None:
            continue
        try:
            by_place = Arguments(positional=tuple(item for _, item in arguments.named) or arguments.positional)
            yield Promise(arguments=by_place, value=ast.literal_eval(value))
        except (ValueError, TypeError):
            continue


def closing(text: str, start: int) -> int:
    """The position behind the bracket that closes the one at `start`; 0 where none does."""
    depth, quote = 0, ""
    for place in range(start, min(len(text), start + MOST_LITERAL_CHARS)):
        char = text[place]
        if quote:
            quote = "" if char == quote and text[place - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        else:
            depth += (char in "([{") - (char in ")]}")
            if depth == 0:
                return place + 1
    return 0


def leading_literal(text: str) -> ast.expr | None:
    """The longest Python literal at the start of the text's line; brackets may run over several lines."""
    if text[:1] in "([{" and (end := closing(text, 0)):
        return expression(text[:end])
    line = text.split("\n")[0]
    line = line.rstrip().removesuffix(".")
    for stop in sorted({found.start() for found in _LITERAL_ENDS.finditer(line)}, reverse=True):
        node = expression(line[:stop].strip())
        if isinstance(node, ast.Constant | ast.UnaryOp):
            return node
    return None


def expression(text: str) -> ast.expr | None:
    """The text as one expression; None where it is none."""
    try:
        statement = parse(text.strip()).body
    except (UnreadableSignature, RecursionError):
        return None
    return statement[0].value if len(statement) == 1 and isinstance(statement[0], ast.Expr) else None
