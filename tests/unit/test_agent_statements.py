"""Reading evidence out of tests that pytest fills, and of calls that must fail."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.statements import MOST_STATEMENTS, Promise, Statement, calls_of, statements_of

MARK = "@pytest.mark.parametrize"
LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)


def marked(names: str, rows: str, body: str = "assert f(a) == b", parameters: str = "a, b") -> str:
    """A suite of one test with one mark."""
    return f"{MARK}({names}, {rows})\ndef test_it({parameters}):\n    {body}\n"


def promises(suite: str) -> list[Promise]:
    """What a suite promises of `f`."""
    return [found.promise for found in statements_of(suite, "f") if found.promise is not None]


def told(suite: str) -> list[tuple[str, object]]:
    """The same as arguments and value."""
    return [(promise.arguments.text, promise.value) for promise in promises(suite)]


def others(suite: str) -> list[str]:
    """The code of what a suite says of `f` beside promises."""
    return [found.code for found in statements_of(suite, "f") if found.promise is None]


@pytest.mark.parametrize(
    "mark",
    [
        '"a, b", [(1, 2), (3, 4)]',
        '"a,b", ((1, 2), [3, 4])',
        '("a", "b"), [(1, 2), (3, 4)]',
        '["a", "b"], [[1, 2], [3, 4]], ids=["x", "y"]',
        'argnames="a, b", argvalues=[(1, 2), (3, 4)]',
        '"b, a", [(2, 1), (4, 3)]',
        '"a, b", [pytest.param(1, 2), pytest.param(3, 4, id="x")]',
    ],
)
def test_each_row_is_a_promise(mark: str) -> None:
    """However a mark writes its names and rows, each row is a promise of its own."""
    assert told(f"{MARK}({mark})\ndef test_it(a, b):\n    assert f(a) == b\n") == [("1", 2), ("3", 4)]


@pytest.mark.parametrize(
    ("names", "rows", "texts"),
    [
        ('"a"', "[(1, 2), [3]]", ["(1, 2)", "[3]"]),
        ('"a"', "[pytest.param((1, 2))]", ["(1, 2)"]),
        ('["a"]', "[(1,), [[3]]]", ["1", "[3]"]),
    ],
)
def test_one_name_as_a_text_takes_whole_values(names: str, rows: str, texts: list[str]) -> None:
    """A tuple beside a single name is one value, and beside a list of one name a row, as pytest has it."""
    assert [text for text, _ in told(marked(names, rows, "assert f(a) is None", "a"))] == texts


def test_stacked_marks_are_multiplied() -> None:
    """Two marks give each value of one with each of the other."""
    suite = f'{MARK}("a", [1, 2])\n{MARK}("b", [3, 4])\ndef test_it(a, b):\n    assert f(a, n=b) == [a, b, 0]\n'
    assert sorted(told(suite)) == [(f"{a}, n={b}", [a, b, 0]) for a in (1, 2) for b in (3, 4)]


def test_marks_on_methods() -> None:
    """A test in a class is filled like any other."""
    suite = f'class TestF:\n    {MARK}("a, b", [(1, 2)])\n    def test_it(self, a, b):\n        assert f(a) == b\n'
    assert told(suite) == [("1", 2)]


def test_what_is_not_literal_is_run_with_its_row() -> None:
    """Where a row or an assertion needs working out, the row's values stand before the assertion."""
    assert others(marked('"a, b"', '[(float("inf"), 2)]')) == ["a = float('inf')\nb = 2\nassert f(a) == b"]
    assert others(marked('"a, b"', "[(1, 2), (3, 4)]", "assert len(f(a)) == b")) == [
        "a = 1\nb = 2\nassert len(f(a)) == b",
        "a = 3\nb = 4\nassert len(f(a)) == b",
    ]


def test_a_value_that_the_test_touches_is_not_filled_in() -> None:
    """A name that the test changes before it asserts no longer means what the row says."""
    suite = marked('"a, b"', "[([1], 2)]", "a.append(5)\n    assert f(a) == b")
    assert told(suite) == []
    assert others(suite) == ["a = [1]\nb = 2\na.append(5)\nassert f(a) == b"]
    assert told(marked('"a, b"', "[(1, 2)]", "a = 9\n    assert f(a) == b")) == []


def test_an_argument_that_must_stay_is_compared_after_the_call() -> None:
    """An assertion on what the call left of its argument is run as it stands, never compared with itself."""
    suite = marked('"a, b"', "[([1], 2)]", "f(a)\n    assert a == [1]")
    assert others(suite) == ["a = [1]\nb = 2\nf(a)\nassert a == [1]"]


@pytest.mark.parametrize(
    "suite",
    [
        marked('"a, b"', "[(1, 2)]", parameters="a, b, tmp_path"),
        marked('"a, b"', "[(1, 2)]", parameters="a"),
        marked('"a, b"', "ROWS"),
        marked('"a, b"', "[(1, 2) for _ in range(2)]"),
        marked("NAMES", "[(1, 2)]"),
        marked('"a, b"', "[(1, 2)], indirect=True"),
        marked('"a, b"', "[(1, 2)], True"),
        marked('"a, b"', "[(1, 2, 3), (1,), 5]"),
        marked('"a, b"', "[*ROWS, (*ROW, 2)]"),
        marked('"a"', "[*ROWS]", "assert f(a) == 1", "a"),
        marked('"a, b"', "[pytest.param(1, 2, marks=pytest.mark.xfail)]"),
        "@pytest.mark.skip\n" + marked('"a, b"', "[(1, 2)]"),
        "@pytest.mark.xfail(reason='no')\ndef test_it():\n    assert f(1) == 2\n",
        f"{MARK}()\ndef test_it(a):\n    assert f(a) == 2\n",
    ],
)
def test_what_cannot_be_filled_is_left_out(suite: str) -> None:
    """Fixtures, other decorators, rows that do not fit, are worked out or may fail: none of it is evidence."""
    assert statements_of(suite, "f") == ()


def test_rows_without_end_are_cut() -> None:
    """Marks that multiply to billions of rows cost no more than the first of them."""
    stacked = "".join(f'{MARK}("{name}", {list(range(100))})\n' for name in "abcde")
    suite = f"{stacked}def test_it(a, b, c, d, e):\n    assert f(a, b, c, d, e) == 1\n"
    assert len(statements_of(suite * 2, "f")) == MOST_STATEMENTS == len(calls_of(suite * 2, "f"))


def test_calls_are_collected_for_each_row() -> None:
    """Literal calls with a row's values are inputs too, also in a body that promises nothing."""
    suite = marked('"a, b"', "[(1, 2), ([3], 4)]", "assert len(f(a)) == f(b, 0)")
    assert {arguments.text for arguments in calls_of(suite, "f")} == {"1", "2, 0", "[3]", "4, 0"}


@pytest.mark.parametrize(
    ("with_line", "body"),
    [
        ("with pytest.raises(ValueError):", "f(-1)"),
        ("with pytest.raises(ValueError, match='less'):", "f(-1)"),
        ("with raises(ValueError) as error:", "f(-1)"),
    ],
)
def test_a_literal_call_that_must_fail_is_a_promise(with_line: str, body: str) -> None:
    """`pytest.raises` around nothing but a literal call promises that the call raises."""
    assert [(found.arguments.text, found.raises) for found in promises(f"{with_line}\n    {body}\n")] == [("-1", True)]


def test_a_call_that_must_fail_in_each_row() -> None:
    """The calls that must fail may stand in a mark."""
    suite = marked('"a"', "[-1, '']", "with pytest.raises(ValueError):\n        f(a)", "a")
    assert [(found.arguments.text, found.raises) for found in promises(suite)] == [("-1", True), ("''", True)]


@pytest.mark.parametrize("body", ["f(x)", "f(g(1))", "f(1)\n    f(2)", "assert f(1) == 2", "g(f(1))"])
def test_more_than_a_literal_call_that_must_fail_is_run(body: str) -> None:
    """Where it is not plain which call must fail, the statement is run as it stands."""
    suite = f"with pytest.raises(ValueError):\n    {body}\n"
    assert (promises(suite), others(suite)) == ([], [suite.strip()])


def test_nesting_without_measure_is_no_evidence() -> None:
    """A sum of thousands of terms is Python and still gives nothing, neither evidence nor an error."""
    deep = "+".join(["1"] * 5000)
    assert statements_of(f"assert len(f(1)) == {deep}", "f") == ()
    assert statements_of(marked('"a, b"', "[(1, 2)]", f"assert f(a) == {deep}"), "f") == ()
    assert calls_of(marked('"a, b"', "[(1, 2)]", f"assert f(a) == {deep}"), "f") == ()


@given(st.lists(st.tuples(LITERALS, LITERALS), min_size=1, max_size=5))
def test_a_mark_says_the_same_as_plain_assertions(rows: list[tuple[object, object]]) -> None:
    """Rows in a mark and the same rows as plain assertions are the same evidence."""
    plain = "".join(f"assert f({a!r}) == {b!r}\n" for a, b in rows)
    suite = marked('"a, b"', repr(rows))
    assert statements_of(suite, "f") == statements_of(plain, "f")
    assert calls_of(suite, "f") == calls_of(plain, "f")


@given(st.lists(st.tuples(LITERALS, LITERALS), min_size=1, max_size=3))
def test_every_statement_is_python_by_itself(rows: list[tuple[object, object]]) -> None:
    """What is run beside a candidate can be compiled."""
    found = statements_of(marked('"a, b"', repr(rows), "assert len(f(a)) == b"), "f")
    assert found == tuple(Statement(code=ast.unparse(ast.parse(statement.code))) for statement in found)
    assert len(found) >= 1


def test_awaited_calls_are_promises_like_any_other():
    """Tests of a coroutine say the same as those of a function, rows of `parametrize` included."""
    suite = (
        "import pytest\n\nasync def test_one():\n    assert await f('x') == 2\n    assert not await f('y')\n\n"
        f"{MARK}('a', [1])\nasync def test_rows(a):\n    assert await f(a) == 3\n\n"
        "async def test_raises():\n    with pytest.raises(ValueError):\n        await f('')\n"
    )
    found = [(each.arguments.text, each.value, each.raises) for each in promises_in(suite)]
    assert found == [("'x'", 2, False), ("'y'", False, False), ("1", 3, False), ("''", None, True)]
    assert {arguments.text for arguments in calls_of(suite, "f")} == {"'x'", "'y'", "1", "''"}


def promises_in(suite: str) -> list[Promise]:
    """What the suite's statements promise of `f`."""
    return [statement.promise for statement in statements_of(suite, "f") if statement.promise is not None]


def test_what_a_test_tells_its_host_belongs_to_what_it_says():
    """Where the host is told what to answer, the call means nothing without it: it is run, never promised."""
    suite = (
        "import kowal_host as host\n\nasync def test_told():\n"
        "    host.script('GET https://a.example', json={})\n    assert await f('x') == 3\n"
    )
    (statement,) = statements_of(suite, "f")
    assert statement.promise is None
    assert "host.script('GET https://a.example', json={})\nassert await f('x') == 3" in statement.code
