"""The static check, finding by finding."""

from typing import Any

import pytest

from agent.checks import static
from agent.checks.trial import Trial
from agent.types import CheckResult, Task
from registry import Example, Function, Manifest
from sandbox import Call, CallResult, Limits

TESTS = "from function import f\n\ndef test_it():\n    assert f(1) == 2\n"
GOOD = "import math\n\ndef f(x: int) -> int:\n    return math.floor(x) + 1\n"


class Library:
    """Stands where a sandbox would: says which of the names it is asked for the library lacks. Nothing is run."""

    def __init__(self, lacks: tuple[str, ...] = ()) -> None:
        self.lacks, self.asked = lacks, list[Call]()

    def call(self, call: Call, limits: Limits | None = None) -> CallResult:
        """The wanted references that are not there."""
        self.asked.append(call)
        return CallResult(value=[wanted for wanted in call.arguments["wanted"] if ".".join(wanted) in self.lacks])


def checked(
    source: str, tests: str = TESTS, requirements: tuple[str, ...] = (), library: Library | None = None, **task: Any
) -> CheckResult:
    """What the check says of a function with this source."""
    manifest = Manifest(name="f", description="Adds one.", input_schema={"type": "object"}, requirements=requirements)
    function = Function(manifest=manifest, source=source, tests=tests)
    sandbox = library or Library()
    return static.check(Trial(function=function, sandbox=sandbox, task=Task(text="add one", **task)))  # type: ignore[arg-type]


def test_plain_code_has_no_findings():
    """What uses the standard library and pytest as meant passes."""
    assert checked(GOOD, f"import pytest\n{TESTS}").passed


@pytest.mark.parametrize("module", ["numpy", "requests.adapters", "_pytest", "subprocess", "ctypes", "no_such_package"])
def test_a_foreign_import_is_named(module: str):
    """An import from beyond the safe part of the standard library is a finding with its line and name."""
    result = checked(f"{GOOD}\nimport {module}\n")
    assert not result.passed
    assert f"`import {module}`" in result.findings[0]
    assert "line 6" in result.findings[0]


def test_a_declared_package_may_be_imported():
    """What the manifest requires is no finding."""
    assert checked(f"import numpy\n{GOOD}", requirements=("numpy>=2",)).passed


def test_a_relative_import_is_a_finding():
    """A function is one file: there is nothing beside it."""
    assert "relative import" in checked(f"from . import other\n{GOOD}").findings[0]


def test_tests_may_not_import_what_is_not_there():
    """The same holds for the tests, which may import the function and pytest besides."""
    assert "test_function.py" in checked(GOOD, f"import requests\n{TESTS}").findings[0]


@pytest.mark.parametrize("reach", ["sys.modules['x'] = 1", "os._exit(0)", "sys._getframe()"])
def test_reaching_into_the_interpreter_is_a_finding(reach: str):
    """Code that changes or leaves the interpreter has no place in a function."""
    assert "reaches into the interpreter" in checked(f"import os, sys\n{GOOD}    {reach}\n").findings[0]


@pytest.mark.parametrize("clause", ["except:", "except Exception:", "except BaseException as error:"])
def test_hiding_every_error_is_a_finding(clause: str):
    """A handler for everything that raises nothing hides faults."""
    source = f"def f(x: int) -> int:\n    try:\n        return x + 1\n    {clause}\n        return 0\n"
    assert "hides every error" in checked(source).findings[0]


def test_translating_every_error_is_none():
    """A handler that raises again hides nothing."""
    source = "def f(x: int) -> int:\n    try:\n        return x\n    except Exception:\n        raise KeyError\n"
    assert checked(source).passed


@pytest.mark.parametrize(
    "secret", ["AKIA" + "A" * 16, "ghp_" + "a" * 36, "glpat-" + "b" * 20, "-----BEGIN RSA PRIVATE KEY-----"]
)
def test_a_key_in_the_code_is_a_finding_that_does_not_repeat_it(secret: str):
    """Keys are found by their published shapes, and never quoted."""
    findings = checked(f"KEY = '{secret}'\n{GOOD}").findings
    assert "key or a token" in findings[0]
    assert secret not in str(findings)


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("def f(x):\n    return y\n", "undefined name 'y'"),
        ("def f(x):\n    if x < 0:\n        return _half(x)\n    return x\n", "undefined name '_half'"),
        ("def f(x):\n    total += x\n    return total\n", "undefined name 'total'"),
        ("def f(x):\n    break\n", "outside loop"),
        ("def f(x):\n    return math.sqrt(x)\n", "undefined name 'math'"),
    ],
)
def test_a_name_that_nothing_defines_is_a_finding(source: str, word: str):
    """What fails as soon as its line is reached is found without reaching it."""
    result = checked(source)
    assert not result.passed
    assert word in result.findings[0]
    assert "function.py line " in result.findings[0]


@pytest.mark.parametrize(
    ("source", "note"),
    [
        ("import os\ndef f(x):\n    return x\n", "'os' imported but unused"),
        ("def f(x):\n    half = x / 2\n    return x\n", "'half' is assigned to but never used"),
        ("def f(x):\n    return {1: 2, 1: 3}[x]\n", "dictionary key 1 repeated"),
        ("def _g(x):\n    return _g(x - 1)\ndef f(x):\n    return x\n", "`_g` is never used"),
    ],
)
def test_what_is_only_odd_is_noted(source: str, note: str):
    """What nobody uses does no harm: it is evidence and no refusal."""
    result = checked(source)
    assert result.passed
    assert note in result.evidence["notes"][0]


def test_names_of_the_library_are_looked_up_in_one_call():
    """Every name taken from the standard library is asked for, once, and those that are absent are findings."""
    source = (
        "import math, os.path as path\nfrom json import dumps, parse\n"
        "def f(x):\n    return math.squareroot(x) + path.size(x) + dumps(parse(x)) + math.squareroot(1)\n"
    )
    library = Library(("math.squareroot", "json.parse"))
    result = checked(source, library=library)
    assert [call.arguments["wanted"] for call in library.asked] == [
        [["math", ""], ["os.path", ""], ["json", "dumps"], ["json", "parse"], ["math", "squareroot"],
         ["os.path", "size"]]
    ]  # fmt: skip
    assert result.findings == (
        "function.py line 2: `json` has no `parse`",
        "function.py line 4: `math` has no `squareroot`",
    )


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return x\n",
        "import numpy\ndef f(x):\n    return numpy.no(x)\n",
        "try:\n    from math import no\nexcept ImportError:\n    no = 1\ndef f(x):\n    return no\n",
    ],
)
def test_nothing_is_looked_up_where_nothing_can_be_said(source: str):
    """Functions without imports, declared packages and guarded imports need no sandbox."""
    library = Library()
    assert checked(source, requirements=("numpy",), library=library).passed
    assert library.asked == []


def test_a_name_with_a_second_meaning_is_not_looked_up():
    """`datetime` may be the module in one place and the class in another."""
    library = Library(("datetime.now",))
    source = "import datetime\ndef f(x):\n    from datetime import datetime\n    return datetime.now()\n"
    assert checked(source, library=library).passed
    assert [wanted for call in library.asked for wanted in call.arguments["wanted"]] == [
        ["datetime", ""], ["datetime", "datetime"],
    ]  # fmt: skip


def test_unreachable_code_is_a_finding():
    """The line behind a `return` is named, and what it stands behind."""
    result = checked("def f(x):\n    return x\n    print(x)\n")
    assert result.findings == (
        "function.py line 3: nothing gets here, behind a `return` that is never passed (line 2)",
    )


@pytest.mark.parametrize(
    "table",
    [
        "def f(x):\n    return {'Hello': 1, 'World': 2}.get(x, 0)\n",
        "def f(x):\n    return next(v for k, v in [('Hello', 1), ('World', 2)] if k == x)\n",
        "def f(x):\n    if x == 'Hello':\n        return 1\n    return 2 if x in ('World',) else 0\n",
    ],
)
def test_a_table_of_the_examples_is_a_finding(table: str):
    """Answers looked up among a person's examples are seen, by whatever name the argument goes."""
    examples = tuple(Example(arguments={"x": text}, output=1) for text in ("Hello", "World"))
    assert "looks up 2 of the examples" in checked(table, examples=examples).findings[0]
    assert checked(table).passed


def test_a_table_that_knows_more_than_the_examples_is_knowledge():
    """Two examples among the months of a year do not make the months a cheat."""
    names = ("January", "February", "March", "April", "June", "August", "September", "October")
    months = {month: number for number, month in enumerate(names)}
    examples = tuple(Example(arguments={"x": text}, output=1) for text in ("January", "March"))
    assert checked(f"def f(x):\n    return {months!r}[x]\n", examples=examples).passed


def test_the_hash_of_a_text_is_a_finding():
    """`hash` differs from process to process, unless a class defines its own."""
    assert "`hash`" in checked("def f(x):\n    return hash(x)\n").findings[0]
    assert checked("class _P:\n    def __hash__(self):\n        return hash(1)\ndef f(x):\n    return _P()\n").passed
    assert checked("def f(x, hash):\n    return hash(x)\n").passed


def test_source_nested_too_deep_is_a_finding():
    """What no reader gets through is refused, not a crash."""
    deep = "+".join(["x"] * 600)
    assert checked(f"def f(x):\n    return {deep}\n").findings == ("function.py is nested too deep to be read",)
