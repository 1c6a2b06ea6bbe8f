"""What the properties check refuses and lets pass, in a real sandbox; what the set rewriting keeps as it is."""

from collections.abc import Callable
from typing import Any

import pytest

from agent.checks import properties
from agent.checks.trial import Trial
from agent.source.set_order import turned
from agent.source.signature import read_signature
from agent.specification import Specification
from agent.types import CheckResult, Task
from registry import Example, Function, Manifest
from sandbox import Calls, Limits, Sandbox

Judge = Callable[..., CheckResult]


@pytest.fixture
def judge(wasm: Sandbox) -> Judge:
    """Puts a function before the check: its parameters and result type, its body, its tests, what else is known."""

    def check(
        head: str,
        body: str,
        *,
        tests: str = "",
        before: str = "",
        examples: tuple[Example, ...] = (),
        specification: Specification | None = None,
    ) -> CheckResult:
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        keyword = "async def" if "await" in body else "def"
        source = f'{before}\n\n{keyword} f{head}:\n    """Do it."""\n{lines}\n'
        signature = read_signature(source)
        manifest = Manifest(
            name="f",
            description="Do it.",
            input_schema=signature.input_schema,
            output_schema=signature.output_schema,
            examples=examples,
        )
        return properties.check(
            Trial(
                function=Function(manifest=manifest, source=source, tests=tests),
                sandbox=wasm,
                task=Task(text="do it"),
                limits=Limits(wall_clock_s=2.0),
                specification=specification,
            )
        )

    return check


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("(xs: list[int]) -> int", "return sum(xs)"),
        ("(xs: list[int]) -> float", "if not xs:\n    raise ValueError('no number')\nreturn sum(xs) / len(xs)"),
        ("(text: str) -> int", "return int(text)"),
        ("(text: str) -> str", "return text.encode('ascii').decode()"),
        ("(text: str) -> Any", "import json\nreturn json.loads(text)"),
        ("(xs: list[int]) -> list[int]", "xs = sorted(xs)\nxs.reverse()\nreturn xs"),
        ("(text: str) -> list[str]", "return sorted(set(text.split()))"),
        ("(text: str) -> set[str]", "return {word for word in text.split()}"),
        ("(text: str) -> dict[str, int]", "return {w: text.count(w) for w in sorted({*text.split()})}"),
        ("(xs: list[int]) -> list[int]", "return list(set(xs))"),
        ("(xs: list[int]) -> tuple[int, int]", "return len(xs), sum(xs)"),
        ("(day: date, days: int = 1) -> date", "from datetime import timedelta\nreturn day + timedelta(days)"),
        ("(price: Decimal) -> Decimal", "return price * 2"),
        ("(n: int | None = None) -> bool", "return n is None"),
        ("(x: int) -> int", "async def g():\n    return x\nreturn await g()"),
        ("() -> str", "return 'hello'"),
    ],
)
def test_sound_functions_pass(judge: Judge, head: str, body: str) -> None:
    """Bad values may get a `ValueError` of any kind; order may be lost where it is made anew."""
    before = "from datetime import date\nfrom decimal import Decimal\nfrom typing import Any"
    result = judge(head, body, before=before)
    assert result.passed, result.findings
    assert f"hold on {result.evidence['inputs']} inputs" in result.summary
    assert result.evidence["inputs"] == 1 if head.startswith("()") else result.evidence["inputs"] > 10


@pytest.mark.parametrize(
    ("head", "body", "call", "why"),
    [
        ("(xs: list[int]) -> int", "return xs[0]", "f(xs=[])", "IndexError"),
        ("(xs: list[int]) -> float", "return sum(xs) / len(xs)", "f(xs=[])", "ZeroDivisionError"),
        ("(xs: dict[str, int]) -> int", "return xs['a']", "f(xs={})", "KeyError"),
        ("(n: int | None) -> int", "return n + 1", "f(n=None)", "TypeError"),
        ("(n: int) -> int", "return 1 if n == 0 else n * f(n - 1)", "f(n=-1)", "RecursionError"),
        ("(n: int) -> int", "raise NotImplementedError", "f(n=", "NotImplementedError"),
        ("(n: int) -> int", "class _Odd(Exception):\n    pass\nraise _Odd('odd')", "f(n=", "_Odd: odd"),
        ("(n: int) -> float", "return n * float('inf')", "f(n=", "cannot be written as JSON"),
        ("(n: int) -> int", "while n != 3:\n    pass\nreturn n", "f(n=", "does not end within 2 s"),
        ("(n: int) -> int", "return str(n)", "f(n=", "the declared result is integer"),
        ("(n: int) -> list[int]", "return [n, n / 2]", "f(n=", "the declared result is array"),
        ("(n: int) -> str", "return 'odd' if n % 2 else None", "f(n=", "gives null"),
        ("(xs: list[int]) -> list[int]", "xs.sort()\nreturn list(xs)", "f(xs=", "changes its own arguments"),
        ("(xs: dict) -> dict", "xs['seen'] = 1\nreturn dict(xs)", "f(xs=", "changes its own arguments"),
        ("(n: int) -> int", "_seen.append(n)\nreturn len(_seen)", "f(n=", "when asked again in another order"),
        ("(n: int) -> float", "import random\nreturn random.random()", "f(n=", "when asked again"),
        ("(text: str) -> list[str]", "return list(set(text.split()))", "f(text=", "in which a set is iterated"),
        ("(text: str) -> str", "return str({*text.split()})", "f(text=", "in which a set is iterated"),
        ("(words: set[str]) -> str", "return '-'.join(words)", "f(words=", "in which a set is iterated"),
        ("(a: dict[str, int], b: dict[str, int]) -> str", "return ''.join(a.keys() & b.keys())", "f(a=",
         "in which a set is iterated"),
        ("(text: str) -> str", "words = set(text.split())\nreturn words.pop() if words else ''", "f(text=",
         "in which a set is iterated"),
    ],
)  # fmt: skip
def test_what_no_function_may_do_is_refused(judge: Judge, head: str, body: str, call: str, why: str) -> None:
    """The finding shows a concrete call, the shortest for an error, and what comes of it."""
    result = judge(head, body, tests="f({'a': 1})", before="_seen = []")
    assert not result.passed
    assert any(call in finding and why in finding for finding in result.findings), result.findings


def test_errors_that_were_agreed_upon_are_none(judge: Judge) -> None:
    """The specification, the tests and a person's example may name another error, and it may be derived from one."""
    head, body = "(xs: list[int]) -> int", "return xs[0]"
    agreed = {"name": "f", "description": "d", "signature": "def f(xs: list[int]) -> int"}
    agreed |= {"bad_input": [{"when": "empty", "raises": "LookupError"}]}
    assert judge(head, body, specification=Specification.model_validate(agreed)).passed
    assert judge(head, body, tests="import pytest\nwith pytest.raises((KeyError, IndexError)):\n    f([])\n").passed
    assert judge(head, body, examples=(Example(arguments={"xs": []}, raises=True),)).passed
    derived = "class _Empty(ValueError):\n    pass\nclass _Less(_Empty):\n    pass"
    assert judge(head, "if not xs:\n    raise _Less\nreturn xs[0]", before=derived).passed
    assert not judge(head, body, tests="import pytest\nwith pytest.raises(Exception):\n    f([])\n").passed


def test_under_loose_types_only_calls_that_people_made_count(judge: Judge) -> None:
    """Nobody said what a bare `list` holds: an error on a drawn input is none, an error on a given one is."""
    head, body = "(xs: list) -> int", "return xs[0] + 1"
    assert judge(head, body, tests="f([1, 2])").passed
    assert "f(xs=[])" in judge(head, body, tests="f([1, 2])\nf([])").findings[0]


def test_slow_is_not_endless(judge: Judge) -> None:
    """A call that takes many steps but ends within the time limit of a call is no finding."""
    result = judge("(n: int) -> int", "return sum(1 for _ in range(1_500_000)) if n == 7 else n", tests="f(7)")
    assert result.passed, result.findings
    assert result.evidence["stopped"] == 1


@pytest.mark.parametrize(
    ("head", "body", "before", "why"),
    [
        ("(xs: list) -> int", "return 1", "", "nothing could be tried"),
        ("(n: int) -> int", "return n", "import no_such_module", "does not load"),
        ("(n: int) -> int", "return n", "while True:\n    pass", "does not end within"),
        ("(n: int) -> int", "return sum(1 for _ in range(1_500_000))", "", "no call came to its end"),
    ],
)
def test_a_check_that_saw_nothing_does_not_pass(judge: Judge, head: str, body: str, before: str, why: str) -> None:
    """No input, no module and no time are findings: properties that ran on nothing hold of nothing."""
    result = judge(head, body, before=before)
    assert not result.passed
    assert why in result.findings[0]


SETS = """
from __future__ import annotations

_KNOWN = {"b", "a"}
_Words = set[str]


def f(words: set[str], n: int) -> list[object]:
    both: set[str] = words | _KNOWN | {"c", "d"}
    frozen = frozenset(both) - {"d"}
    copy = both.copy()
    copy.discard("d")
    copy |= {"e"}
    match both:
        case set():
            matched = True
    parts = [
        sorted(both), len(both), "a" in both, both == set(both), both >= words, type(both) is set,
        isinstance(words, set), isinstance(frozen, frozenset), not isinstance([], (set, frozenset)),
        {frozen: 1}[frozenset(sorted(frozen))], sorted({**dict.fromkeys(copy)}), sorted(set.union(words, {"q"})),
        sorted(set.intersection(*map(set, ["ab", "bc"]))), repr(set()), repr({1}), repr(frozenset()), matched,
        [both.pop() for _ in range(len(both))] != [], len(both), sorted({n, 3, 2}), list({n, 3, 2}),
        sorted({"k": 1}.keys() & {"k"}), sorted(words ^ {"a"}), sorted(["z"]), {x for x in "a"} == {"a"},
    ]
    try:
        set().pop()
    except KeyError:
        parts.append("empty")
    return parts
"""


def test_turned_sets_are_sets_in_all_but_their_order(wasm: Sandbox) -> None:
    """What does not depend on the order of texts comes out the same in the rewritten source."""
    arguments = "((), {'words': ['x', 'a', 'y'], 'n': 9})"
    plain, other = (
        wasm.call_many(Calls(source=source, calls=(("f", arguments),)))[0] for source in (SETS, turned(SETS))
    )
    assert plain.failure is None
    assert (other.failure, other.value) == (None, plain.value)


def test_turned_sets_of_texts_come_in_reverse(wasm: Sandbox) -> None:
    """Any set of texts, or of what holds texts, iterates the other way round, and so it does as text."""
    source = (
        "def f(kind: str) -> list[str]:\n"
        "    texts = {'a', 'b', 'c', 'd'}\n"
        "    kinds = {'set': texts, 'frozen': frozenset(texts), 'made': set('abcd')}\n"
        "    kinds['pairs'] = {('a', 1), ('b', 1), ('c', 1), ('d', 1)}\n"
        "    return [*map(str, kinds[kind]), str(kinds[kind])]\n"
    )
    calls: Any = tuple(("f", f"(({kind!r},), {{}})") for kind in ("set", "frozen", "made", "pairs"))
    plain, other = (wasm.call_many(Calls(source=text, calls=calls)) for text in (source, turned(source)))
    assert [answer.value[:-1] for answer in other] == [answer.value[:-1][::-1] for answer in plain]
    assert all(one.value[-1] != two.value[-1] for one, two in zip(plain, other, strict=True))


def test_a_source_without_sets_is_not_rewritten() -> None:
    """Membership in a literal and names of one's own are no sets whose order could matter."""
    assert turned("def f(x: str) -> bool:\n    return x in {'a', 'b'}\n") == ""
    assert turned("def f(set: list[int]) -> list[int]:\n    return list(set)\n") == ""
