"""What every sandbox back end owes for one call: values in, a value or a named failure out."""

import datetime
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import Call, FailureKind, Limits, Sandbox

SAME = "def f(x):\n    return x\n"

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcß", max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=JSON_VALUES)
def test_any_json_value_comes_back_as_it_went_in(box: Sandbox, value: Any) -> None:
    """A JSON value crosses the boundary both ways unchanged, and a float stays the same float."""
    result = box.call(Call(source=SAME, function="f", arguments={"x": value}))
    assert result.ok, result.failure
    assert json.dumps(result.value) == json.dumps(value)


@pytest.mark.parametrize(
    "text",
    ["", "żółw", "🐢👩‍👩‍👧", "\u202eabc\u202c", "a\x00b", "\u2028\u2029", "\r\n", "\ufeff", '"\\', "{}"],
)
def test_text_survives(run: Any, text: str) -> None:
    """Every kind of text crosses unchanged: emoji, right-to-left marks, NUL, line separators, a BOM."""
    assert run(SAME, x=text).value == text


def test_a_lone_surrogate_is_refused_not_mangled(run: Any) -> None:
    """Half a character has no UTF-8 form, so it is named as no JSON value."""
    assert run("def f():\n    return '\\ud800'\n").failure.kind is FailureKind.RESULT_NOT_JSON


@pytest.mark.parametrize("number", [2**53 + 1, 2**200, -(10**4000), 0.1 + 0.2, 5e-324, -0.0])
def test_numbers_stay_exact(run: Any, number: float) -> None:
    """Integers of any common size and floats come back to the last digit."""
    assert repr(run(SAME, x=number).value) == repr(number)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("(1, (2, 3))", [1, [2, 3]]),
        ("{3, 1, 2}", [1, 2, 3]),
        ("datetime.date(2024, 2, 29)", "2024-02-29"),
        ("datetime.datetime(2024, 2, 29, 1, 2, tzinfo=datetime.UTC)", "2024-02-29T01:02:00+00:00"),
        ("datetime.time(1, 2)", "01:02:00"),
        ("decimal.Decimal('1.10')", "1.10"),
        ("Point(1, 2)", {"x": 1, "y": 2}),
        ("Pair(1, 2)", [1, 2]),
        ("Colour.RED", "red"),
        ("[Colour.RED, {'d': datetime.date(2024, 1, 1)}]", ["red", {"d": "2024-01-01"}]),
        ("{1: 'a', None: 'b', True: 'c'}", {"1": "c", "null": "b"}),
        ("None", None),
    ],
)
def test_common_python_values_have_a_json_form(run: Any, expression: str, value: Any) -> None:
    """Dates, decimals, tuples, sets, enumerations, data classes and named tuples cross as JSON."""
    source = (
        "import collections, dataclasses, datetime, decimal, enum\n"
        "Pair = collections.namedtuple('Pair', 'a b')\n"
        "class Colour(enum.Enum):\n    RED = 'red'\n"
        "@dataclasses.dataclass\nclass Point:\n    x: int\n    y: int\n"
        f"def f():\n    return {expression}\n"
    )
    result = run(source)
    assert result.failure is None
    assert result.value == value


@pytest.mark.parametrize(
    ("hint", "given", "seen"),
    [
        ("datetime.date", "2024-02-29", "datetime.date(2024, 2, 29)"),
        ("datetime.datetime", "2024-02-29T10:00:00", "datetime.datetime(2024, 2, 29, 10, 0)"),
        ("decimal.Decimal", "1.10", "Decimal('1.10')"),
        ("decimal.Decimal", 0.1, "Decimal('0.1')"),
        ("tuple[int, str]", [1, "a"], "(1, 'a')"),
        ("tuple[int, ...]", [1, 2], "(1, 2)"),
        ("set[int]", [2, 2], "{2}"),
        ("datetime.date | None", None, "None"),
        ("datetime.date | None", "2024-01-01", "datetime.date(2024, 1, 1)"),
        ("typing.Optional[int]", 3, "3"),
        ("int | str", "7", "'7'"),
        ("list[datetime.date]", ["2024-01-01"], "[datetime.date(2024, 1, 1)]"),
        ("dict[int, str]", {"1": "a"}, "{1: 'a'}"),
        ("dict[str, list[datetime.date]]", {"a": ["2024-01-01"]}, "{'a': [datetime.date(2024, 1, 1)]}"),
        ("float", 2, "2.0"),
        ("'NoSuchType'", "2024-01-01", "'2024-01-01'"),
    ],
)
def test_arguments_arrive_as_their_hint_says(run: Any, hint: str, given: Any, seen: str) -> None:
    """A JSON argument becomes the type that the parameter declares; an unknown hint changes nothing."""
    source = f"import datetime, decimal, typing\ndef f(x: {hint}):\n    return repr(x)\n"
    result = run(source, x=given)
    assert result.value == seen, result.failure


def test_defaults_and_keyword_only_parameters(run: Any) -> None:
    """What is not given has its default, and keyword-only parameters are reached."""
    assert run("def f(a, b=2, *, c=3):\n    return [a, b, c]\n", a=1, c=4).value == [1, 2, 4]


def test_an_async_function_is_awaited(run: Any) -> None:
    """A coroutine function's value is what it returns."""
    source = "import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n    return 5\n"
    assert run(source).value == 5


@pytest.mark.parametrize(
    ("body", "allowed"),
    [
        ("yield 1", "result-not-json"),
        ("return iter([1])", "result-not-json"),
        ("return map(str, [1])", "result-not-json"),
        ("return object()", "result-not-json"),
        ("return f", "result-not-json"),
        ("return type", "result-not-json"),
        ("return b'bytes'", "result-not-json"),
        ("return {1, 'a'}", "result-not-json"),
        ("return {(1, 2): 3}", "result-not-json"),
        ("return float('nan')", "result-not-json"),
        ("return [1, float('-inf')]", "result-not-json"),
        ("return 10**5000", "result-not-json"),
        ("import sys; sys.set_int_max_str_digits(0); return 10**5000", "result-not-json"),
        ("a = []; a.append(a); return a", "result-not-json"),
        ("async def g(): pass\n    c = g(); c.close(); return c", "result-not-json"),
        ("a = []\n    for _ in range(100_000): a = [a]\n    return a", "result-not-json crash"),
        ("a = {}\n    for _ in range(3_000): a = {'a': a}\n    return a", "result-not-json crash"),
    ],
)
def test_what_has_no_json_form_is_named(run: Any, body: str, allowed: str) -> None:
    """Generators, objects, NaN, huge integers and endless nesting are a failure, never a wrong value."""
    result = run(f"def f():\n    {body}\n")
    assert result.failure.kind in allowed.split()
    assert result.value is None


def test_result_at_the_limit_and_one_byte_over(run: Any) -> None:
    """The result's limit counts bytes of JSON in UTF-8, the quotes included, and is exact."""
    limits = Limits(max_result_bytes=1000)
    source = "def f(n):\n    return 'ż' * n\n"
    assert run(source, n=499, limits=limits).value == "ż" * 499
    assert run(source, n=500, limits=limits).failure.kind is FailureKind.RESULT_TOO_LARGE


def test_64_megabytes_are_refused(run: Any) -> None:
    """A result far beyond the limit is refused by name."""
    assert run("def f():\n    return 'x' * (64 << 20)\n").failure.kind is FailureKind.RESULT_TOO_LARGE


def test_large_source_and_arguments(run: Any) -> None:
    """A source of 2 MB and arguments of 5 MB are served."""
    source = "def f(x):\n    return len(x)\n#" + "x" * (2 << 20)
    assert run(source, x="żx" * (5 << 19)).value == 5 << 20


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, datetime.date(2024, 1, 1)])
def test_arguments_that_are_no_json_are_the_callers_fault(run: Any, value: Any) -> None:
    """What is no JSON value raises before a sandbox starts."""
    with pytest.raises((ValueError, TypeError)):
        run(SAME, x=value)


@pytest.mark.parametrize(
    ("source", "exception"),
    [
        ("def f(:\n", "SyntaxError"),
        ("def f(): return 1\n\x00", "SyntaxError"),
        ("def g(): return 1\n", "AttributeError"),
        ("f = 5\n", "TypeError"),
        ("import no_such_module\ndef f(): return 1\n", "ModuleNotFoundError"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("", "AttributeError"),
    ],
)
def test_source_that_cannot_be_called(run: Any, source: str, exception: str) -> None:
    """A source without the function, or that does not load, is an exception by its own name."""
    failure = run(source).failure
    assert (failure.kind, failure.exception) == (FailureKind.EXCEPTION, exception)


@pytest.mark.parametrize("source", ["\ufeffdef f(): return 1\n", "def f():\r\n    return 1\r\n", "f = lambda: 1"])
def test_source_in_unusual_shape_loads(run: Any, source: str) -> None:
    """A byte order mark and Windows line ends do not matter, as in a file that is imported."""
    assert run(source).value == 1


def test_a_wrong_argument_name_is_a_type_error(run: Any) -> None:
    """An argument that the function lacks is the function's own TypeError."""
    failure = run("def f(): pass\n", nonsense=1).failure
    assert failure.exception == "TypeError"
    assert "nonsense" in failure.message


def test_printing_is_kept_apart_from_the_value(run: Any) -> None:
    """What is printed on either stream comes back as output, in order."""
    result = run("import sys\ndef f():\n    print('a'); print('ż', file=sys.stderr); print('c')\n    return 1\n")
    assert (result.value, result.output) == (1, "a\nż\nc\n")


def test_output_is_cut_at_its_limit(run: Any) -> None:
    """Printing past the limit stops the code, and what was printed until then is kept."""
    result = run("def f():\n    print('ab' * 100)\n", limits=Limits(max_output_bytes=10))
    assert (result.failure.kind, result.output) == (FailureKind.OUTPUT_LIMIT, "ab" * 5)


def test_seconds_are_measured(run: Any) -> None:
    """The wall-clock time of the call is told, its start-up included."""
    assert run("import time\ndef f(): time.sleep(0.2)\n").seconds >= 0.2
