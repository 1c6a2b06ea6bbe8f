"""The faults that are put into sources on purpose."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.source.mutants import mutants_of

SOURCE = '''def f(items, most=3):
    """Words."""
    found = []
    for item in items:
        if item <= most and not item == 7:
            found.append(item + 1)
    return found
'''


def changes(source: str) -> set[str]:
    """What was changed, in words."""
    return {mutant.change for mutant in mutants_of(source)}


@pytest.mark.parametrize(
    "change",
    [
        "`item <= most` became `item < most`",
        "`item == 7` became `item != 7`",
        "`item <= most and (not item == 7)` became `item <= most or not item == 7`",
        "`not item == 7` became `item == 7`",
        "`item + 1` became `item - 1`",
        "`7` became `8`",
        "`3` became `2`",
        "`return found` became `return None`",
        "`found.append(item + 1)` became `nothing`",
    ],
)
def test_each_operator_makes_its_fault(change: str) -> None:
    """Comparisons, borders, boolean words, arithmetic, constants, results and statements are all changed."""
    assert change in changes(SOURCE)


def test_every_mutant_is_python_and_differs() -> None:
    """No mutant is the original, none twice, and all can be parsed."""
    sources = [mutant.source for mutant in mutants_of(SOURCE)]
    assert len(set(sources)) == len(sources)
    assert ast.unparse(ast.parse(SOURCE)) not in sources
    assert all(ast.parse(source) for source in sources)


def test_docstrings_are_left_alone() -> None:
    """A changed docstring is no fault."""
    assert not any("Words" in change for change in changes(SOURCE))


def test_lines_are_told_in_order() -> None:
    """A survivor is reported with the line of the candidate's own file."""
    lines = [mutant.line for mutant in mutants_of(SOURCE)]
    assert lines == sorted(lines)
    assert set(lines) <= set(range(1, 8))


@given(text=st.text(max_size=40))
def test_any_text_is_taken(text: str) -> None:
    """What is no Python has no mutants, and nothing is raised."""
    assert isinstance(mutants_of(text), tuple)
