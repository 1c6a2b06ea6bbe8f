"""Which tests can be repeated outside the sandbox, and when what they say is denied."""

import pytest

from agent.evidence.plain_tests import contradicts, is_denied, plain_promises
from agent.evidence.statements import Arguments, Promise
from sandbox import Answer, Failure, FailureKind

IMPORT = "from function import f\n"


def promised(suite: str) -> list[tuple[str, str, object]]:
    """The promises as test, arguments and value."""
    return [(test, promise.arguments.text, promise.value) for test, promise in plain_promises(suite, "f")]


def test_plain_tests_say_what_calls_give():
    """Every literal assertion at the start of a test counts, awaited ones too."""
    suite = (
        f"{IMPORT}def test_a():\n    'Why.'\n    assert f(1) == 2\n    assert not f(2)\n"
        "async def test_b():\n    assert await f(x=1) == 'y'\n"
    )
    assert promised(suite) == [("test_a", "1", 2), ("test_a", "2", False), ("test_b", "x=1", "y")]


@pytest.mark.parametrize(
    "body",
    [
        "def test_it(monkeypatch):\n    assert f(1) == 2\n",
        "def test_it():\n    import os\n    os.environ['A'] = 'b'\n    assert f(1) == 2\n",
        "def test_it():\n    host.script('GET https://a.example/')\n    assert f(1) == 2\n",
        "import pytest\n@pytest.mark.skipif(True, reason='')\ndef test_it():\n    assert f(1) == 2\n",
        "import pytest\n@pytest.fixture(autouse=True)\ndef g(): pass\ndef test_it():\n    assert f(1) == 2\n",
        "import random\nrandom.seed(1)\ndef test_it():\n    assert f(1) == 2\n",
        "def setup_function(): pass\ndef test_it():\n    assert f(1) == 2\n",
        "def f(x): return 2\ndef test_it():\n    assert f(1) == 2\n",
        "f = len\ndef test_it():\n    assert f(1) == 2\n",
        "class TestIt:\n    def test_it(self):\n        assert f(1) == 2\n",
        "def test_it():\n    if False:\n        assert f(1) == 2\n",
        "def test_it():\n    f = len\n    assert f(1) == 2\n",
        "def test_it(:\n",
        "def helper():\n    assert f(1) == 2\n",
    ],
)
def test_what_depends_on_more_is_left_out(body: str):
    """Tests behind fixtures, marks, settings or other statements may pass for reasons that a call does not have."""
    assert promised(IMPORT + body) == []


@pytest.mark.parametrize(
    ("value", "promise", "denied"),
    [
        (1, 2, True),
        (1, 1.0, False),
        (0.1 + 0.2, 0.3, True),
        (True, False, True),
        (1, True, False),
        ("a", "b", True),
        ("1.5", 1.5, False),
        ([1, 2], (1, 2), False),
        ([1], [1, 2], True),
        ([["a"]], [["b"]], True),
        ({"a": 1}, {"a": 2}, True),
        ({"a": 1}, {"b": 1}, True),
        ({"1": "a"}, {1: "a"}, False),
        (["a", "b"], {"b", "a"}, False),
        (None, 1, False),
        ("x", b"x", False),
    ],
)
def test_only_values_of_one_kind_contradict_each_other(value: object, promise: object, denied: bool):
    """What Python may hold to be equal, and JSON writes in another way, is no forgery."""
    assert is_denied(Answer(value=value), Promise(arguments=Arguments(positional=(1,)), value=promise)) is denied


@pytest.mark.parametrize(
    ("kind", "arguments", "denied"),
    [
        (FailureKind.EXCEPTION, Arguments(positional=(1,)), True),
        (FailureKind.EXCEPTION, Arguments(named=(("x", 1),)), False),
        (FailureKind.RESULT_NOT_JSON, Arguments(positional=(1,)), False),
        (FailureKind.TIMEOUT, Arguments(positional=(1,)), False),
    ],
)
def test_a_failure_denies_only_where_the_test_made_the_same_call(kind, arguments, denied):
    """A call by name gets converted values, and a result without a JSON form may be equal to a literal."""
    answer = Answer(failure=Failure(kind=kind, message="x"))
    assert is_denied(answer, Promise(arguments=arguments, value=1)) is denied


def test_contradictions_go_as_deep_as_the_values():
    """A difference far inside is one."""
    assert contradicts({"a": [{"b": [1, 2]}]}, {"a": [{"b": [1, 3]}]})
    assert not contradicts({"a": [{"b": [1, "2"]}]}, {"a": [{"b": [1, 2]}]})
