"""Which statements count as unreachable."""

import ast

import pytest

from agent.source.unreachable import unreachable


def lines(body: str) -> list[int]:
    """The lines that are found in a function with this body; its first line is 2."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    return [line for line, _ in unreachable(ast.parse(f"def f(x):\n{indented}\n"))]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("return 1\nx = 2", [3]),
        ("raise ValueError\nx = 2", [3]),
        ("for y in x:\n    continue\n    y()", [4]),
        ("for y in x:\n    break\n    y()\nreturn 1", [4]),
        ("if x:\n    return 1\nelse:\n    return 2\nx()", [6]),
        ("if x:\n    return 1\nelif x():\n    raise x\nelse:\n    return 2\nreturn 3", [8]),
        ("while True:\n    x()\nx()", [4]),
        ("while True:\n    for y in x:\n        break\nx()", [5]),
        ("try:\n    return x()\nexcept ValueError:\n    return 1\nx()", [6]),
        ("try:\n    x()\nfinally:\n    return 1\nx()", [6]),
        ("if False:\n    x()", [3]),
        ("while 0:\n    x()", [3]),
        ("if True:\n    x()\nelse:\n    return x", [5]),
    ],
)
def test_what_no_run_reaches_is_found(body: str, found: list[int]) -> None:
    """The first line of each piece, once."""
    assert lines(body) == found


@pytest.mark.parametrize(
    "body",
    [
        "if x:\n    return 1\nreturn 2",
        "while True:\n    if x:\n        break\nreturn 1",
        "while True:\n    for y in x:\n        pass\n    else:\n        break\nreturn 1",
        "while True:\n    with x:\n        break\nreturn 1",
        "with x:\n    return 1\nreturn 2",
        "try:\n    return 1\nexcept ValueError:\n    pass\nreturn 2",
        "for y in x:\n    return y\nreturn 1",
        "while x:\n    return 1\nreturn 2",
        "while True:\n    return 1\nraise AssertionError",
        "return 1\nyield x",
        "match x:\n    case 1:\n        return 1\nreturn 2",
    ],
)
def test_what_can_be_reached_or_is_meant_is_not(body: str) -> None:
    """A loop that can be left, an error that is caught or swallowed, a guard, a generator's `yield`."""
    assert lines(body) == []
