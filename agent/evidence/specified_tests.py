"""The tests that follow from a specification by themselves: its examples, and its properties on drawn inputs."""

import ast
import builtins
import re
from collections.abc import Iterator
from typing import Any

from agent.evidence.inputs import draw
from agent.evidence.statements import Arguments
from agent.source.signature import parse
from agent.specification import Property, Specification, misfit
from agent.types import Task
from registry import Example

NATIVE = frozenset({"str", "int", "float", "bool", "None", "list", "dict", "List", "Dict", "Any", "object", "Literal",
                    "Optional", "Union"})  # fmt: skip
"""Types whose values are the same in JSON and in Python. With others the examples are judged outside, not as tests."""
DRAWN, EDGES = 16, 8
SEED = 1
MOST_EXAMPLES, MOST_PROPERTIES = 12, 4


def specified_tests(specification: Specification) -> str:
    """A test module; without any test where the types have no plain JSON form, or nothing is specified."""
    name = specification.name
    tests = []
    if is_native(specification):
        tests = [*example_tests(specification), *property_tests(specification)]
    imports = ["import math", "import pytest"] if tests else []
    return "\n".join([*imports, f"from function import {name}\n\n", "\n\n".join(tests)])


def is_native(specification: Specification) -> bool:
    """True where all types of the signature are JSON's own."""
    function = parse(specification.stub).body[0]
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    given = [argument.annotation for argument in (*function.args.args, *function.args.kwonlyargs)]
    types = [each for each in (*given, function.returns) if each is not None]
    if any(isinstance(each, ast.Constant) and each.value is not None for each in types):  # a quoted type
        return False
    named = [inner for each in types for inner in ast.walk(each)]
    words = {node.id if isinstance(node, ast.Name) else node.attr for node in named
             if isinstance(node, ast.Name | ast.Attribute)}  # fmt: skip
    return words <= NATIVE | {"typing", "t"}


def example_tests(specification: Specification) -> Iterator[str]:
    """One test an example."""
    manifest = specification.manifest(Task(text=""))
    for number, example in enumerate(specification.examples[:MOST_EXAMPLES], 1):
        if not misfit(manifest, example.arguments):
            head = f"{'async ' if specification.interface.is_async else ''}def test_specified_example_{number}():"
            yield f"{head}\n{example_body(specification, example)}\n"


def example_body(specification: Specification, example: Example) -> str:
    """The assertion that an example is."""
    given = ", ".join(f"{name}={value!r}" for name, value in example.arguments.items())
    call = f"{specification.name}({given})"
    call = f"(await {call})" if specification.interface.is_async else call
    if example.raises:
        errors = ", ".join(sorted(specification.errors))
        return f"    with pytest.raises(({errors},)):\n        {call}"
    value = example.output
    if isinstance(value, float):
        return f"    assert {call} == pytest.approx({value!r})"
    return (
        f"    assert {call} is {value!r}"
        if value is None or isinstance(value, bool)
        else f"    assert {call} == {value!r}"
    )


def property_tests(specification: Specification) -> Iterator[str]:
    """One test a property: it holds of the result of every drawn input that is not refused as bad.

    Where a host is asked none is drawn: it has an answer for the examples only.
    """
    rows = drawn_rows(specification)
    if not rows or rows[0].keys() & {"given", "result", specification.name}:
        return
    for number, wanted in enumerate(specification.properties[:MOST_PROPERTIES], 1):
        if mentioned(wanted) <= {*rows[0], "result", specification.name, *dir(builtins), "math"}:
            yield property_test(specification, wanted, rows, number)


def property_test(specification: Specification, wanted: Property, rows: list[dict[str, Any]], number: int) -> str:
    """The test of one property."""
    errors = ", ".join(sorted(specification.errors))
    waits = specification.interface.is_async
    label = re.sub(r"\W+", "_", wanted.name.lower()).strip("_") or "property"
    names = list(rows[0])
    lines = [
        f"{'async ' if waits else ''}def test_property_{number}_{label}():",
        f"    for given in {rows!r}:",
        "        try:",
        f"            result = {'await ' if waits else ''}{specification.name}(**given)",
        f"        except ({errors},):",
        "            continue",
        *(f"        {name} = given[{name!r}]" for name in names),
        f"        assert {ast.unparse(ast.parse(wanted.holds.strip(), mode='eval'))}, given",
    ]
    return "\n".join(lines) + "\n"


def mentioned(wanted: Property) -> set[str]:
    """The names that the property's expression uses and does not bind itself."""
    nodes = list(ast.walk(ast.parse(wanted.holds.strip(), mode="eval")))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return {node.id for node in names} - bound - {node.arg for node in nodes if isinstance(node, ast.arg)}


def drawn_rows(specification: Specification) -> list[dict[str, Any]]:
    """Arguments like those of the examples, each complete; none where there is no example to go by."""
    manifest = specification.manifest(Task(text=""))
    schemas = manifest.input_schema["properties"]
    defaults = {name: schema["default"] for name, schema in schemas.items() if "default" in schema}
    good = [example for example in specification.examples if not example.raises]
    observed = [Arguments(named=tuple((defaults | example.arguments).items())) for example in good]
    near, edge = (0, 0) if specification.asks else (DRAWN, EDGES)
    drawn = draw(observed, (), near=near, edge=edge, seed=SEED)
    rows = [dict(arguments.named) for arguments in (*observed, *drawn.near, *drawn.edge)]
    fitting = [row for row in rows if not misfit(manifest, row)]
    return [row for row in fitting if row.keys() == fitting[0].keys()]
