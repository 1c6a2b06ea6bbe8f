"""How far a proven candidate goes by itself, and the stand-ins that its tests must catch."""

import pytest

from agent.checks.stubs import MARKER, header, placeholder_stub, placeholders, raising_stub
from agent.promoter import change_between
from agent.source.signature import read_signature
from registry import Function, Manifest


def function(parameters: str, result: str = "int", doc: str = "Do it.", body: str = "return 1") -> Function:
    """A function `f` with that signature."""
    source = f'def f({parameters}) -> {result}:\n    """{doc}"""\n    {body}\n'
    return Function(manifest=Manifest(name="f", description="Does it.", input_schema={}), source=source, tests="")


OLD = function("x: int, y: int = 1")


@pytest.mark.parametrize(
    ("new", "change"),
    [
        (OLD, "minor"),
        (function("x: int, y: int = 1", body="return 2"), "minor"),
        (function("x: int, y: int = 1", doc="Other words."), "minor"),
        (function("x: int, y: int = 2"), "major"),
        (function("x: int, y: int = 1, z: int = 0"), "major"),
        (function("x: int"), "major"),
        (function("y: int, x: int = 1"), "major"),
        (function("x: float, y: int = 1"), "major"),
        (function("x: int, y: int = 1", result="float"), "major"),
        (Function(manifest=OLD.manifest, source="def f(:", tests=""), "major"),
    ],
)
def test_a_change_of_the_signature_is_major(new, change):
    """Callers see names, types, defaults and the result: where these stay, the version is a minor one."""
    assert change_between(OLD, new) == change


@pytest.mark.parametrize(
    ("result", "values"),
    [
        ("bool", [False, True]),
        ("int", [0, 1]),
        ("float", [0.0, 1.0]),
        ("str", ["", "x"]),
        ("date", ["", "x"]),
        ("list[int]", [[]]),
        ("tuple[int, str]", [[]]),
        ("dict[str, int]", [{}]),
        ("None", [None]),
        ("Any", [None, 0, ""]),
        ("Decimal", [0.0, 1.0, "", "x"]),
        ("int | None", [0, 1, None]),
        ("int | float", [0, 1, 0.0, 1.0]),
        ("bool | int", [False, True, 0, 1]),
        ("Literal['a', 'b', 'c', 'd', 'e']", ["a", "b", "c", "d"]),
        ("Literal[-1, 0, 1]", [-1, 0, 1]),
        ("str | int | None | bool", ["", "x", 0, 1]),
    ],
)
def test_placeholders_are_what_a_lazy_function_returns(result, values):
    """At most four constants of the declared type, without repetition; 0 and False are two."""
    found = placeholders(read_signature(function("x: int", result).source).output_schema)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@pytest.mark.parametrize("keyword", ["", "async "])
def test_stubs_import_and_take_any_call(keyword):
    """A stub can be imported under the function's name and raises or returns, whatever it is given."""
    signature = read_signature(keyword + function("x: int").source)
    assert header(signature) == f"{keyword}def f(*args, **kwargs):"
    for source in (raising_stub(signature), placeholder_stub(signature, ["a"])):
        compile(source, "stub", "exec")
        assert source.count("def ") == 1
    scope: dict = {}
    exec(raising_stub(read_signature(OLD.source)), scope)
    with pytest.raises(Exception, match=f"^{MARKER}$") as raised:
        scope["f"](1, z=2)
    assert type(raised.value).__name__ == MARKER
    assert MARKER not in scope, "a suite must not see from outside that it runs on the stub"
    exec(placeholder_stub(read_signature(OLD.source), {"a": None}), scope)
    assert scope["f"](1, z=2) == {"a": None}
