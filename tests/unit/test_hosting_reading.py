"""An issue's words as a task: what is a section, what is said, what cannot be read."""

from pathlib import Path

import pytest

from agent.errors import BadTask
from agent.hosting import reading
from agent.hosting.reading import demands_of, task_of

TEMPLATE = (Path(reading.__file__).parent / "issue_template.md").read_text("utf-8")


def test_a_title_alone_is_a_task() -> None:
    """Nothing else is needed."""
    assert task_of("Count words", "").text == "Count words"


def test_the_template_as_it_stands_adds_nothing() -> None:
    """Its comments say nothing, its tables are empty."""
    task = task_of("Count words", TEMPLATE)
    assert (task.text, dict(task.arguments), task.examples) == ("Count words", {}, ())


def test_the_template_filled_in_is_read() -> None:
    """What its comments show is what is understood."""
    filled = TEMPLATE.replace("name:\n\n###", "name. -->\n\n###").replace("```\n-->", "```")
    filled = filled.replace(
        "| name | value |\n|---|---|\n", "| name | value |\n|---|---|\n| `n` | 3 |\n| who | ann |\n"
    )
    filled = filled.replace(
        "| in | out |\n|---|---|\n", '| in | out |\n|---|---|\n| `{"n": 1}` | "a" |\n| {"n": 0} | error |\n'
    )
    task = task_of("Count words", f"Please.\n{filled}")
    assert dict(task.arguments) == {"n": 3, "who": "ann", "text": "the text"}
    assert [(each.arguments, each.output, each.raises) for each in task.examples] == [
        ({"n": 1}, "a", False),
        ({"n": 0}, None, True),
    ]
    assert task.text == "Count words\n\nPlease."


@pytest.mark.parametrize(
    ("block", "value"),
    [
        ("```\n<!-- kept -->\n# not a heading\n```", "<!-- kept -->\n# not a heading"),
        ("````text\n```\n````", "```"),
        ("~~~\n a \n~~~", " a "),
        ('```json\n{"a": [1]}\n```', {"a": [1]}),
        ("    indented", "indented"),
        ("```\n```", ""),
    ],
)
def test_a_block_is_an_argument_sign_by_sign(block: str, value: object) -> None:
    """Nothing in it is read as Markdown."""
    assert dict(task_of("t", f"### Argument `x`\n\n{block}\n\n## More\n\nsaid").arguments) == {"x": value}


@pytest.mark.parametrize("heading", ["## Arguments", "# arguments:", "Argumenty\n---", "## **Arguments**"])
def test_headings_of_both_languages_and_of_any_depth_begin_a_section(heading: str) -> None:
    """People write them in many ways."""
    assert dict(task_of("t", f'{heading}\n\n```json\n{{"n": 1}}\n```\n').arguments) == {"n": 1}


def test_examples_come_in_a_table_a_block_of_lines_or_a_list() -> None:
    """Whichever is at hand."""
    lines = '{"in": {"n": 1}, "out": 2}\n\n{"in": {"n": 2}, "raises": true}'
    text = f'## Przykłady\n\n```\n{lines}\n```\n\n```json\n[{{"in": {{"n": 3}}, "out": 4}}]\n```\n'
    assert [each.arguments["n"] for each in task_of("t", text).examples] == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "## Arguments\n\n```\n[1]\n```",
        "## Arguments\n\n```\n{oops\n```",
        "## Examples\n\n| in | out |\n|---|---|\n| not json | 1 |",
        "## Examples\n\n| in | out |\n|---|---|\n| [1] | 1 |",
        '## Examples\n\n```\n{"out": 1}\n```',
        "### Argument x\n\n```json\n" + "[" * 100_000 + "\n```",
        "x" * 200_001,
    ],
)
def test_what_cannot_be_read_is_said(text: str) -> None:
    """With what to do about it."""
    with pytest.raises(BadTask) as caught:
        task_of("t", text)
    assert caught.value.advice


def test_links_to_files_leave_their_names_and_other_links_stay() -> None:
    """Nobody looks for a function by the address of an upload."""
    text = "See [a.csv](/uploads/0f/a.csv) and ![b](https://git.example/-/project/1/uploads/0f/b.png){width=1} and [c](https://c)"
    assert task_of("t", text).text == "t\n\nSee a.csv and b and [c](https://c)"


def test_other_sections_are_said() -> None:
    """Only tables and blocks of the template mean something else: nothing that somebody wrote is left out."""
    assert task_of("t", "## Why\n\nbecause\n\n## Arguments\n\nnone\n\n## Then\n\nmore").text == (
        "t\n\n## Why\n\nbecause\n\nnone\n\n## Then\n\nmore"
    )


@pytest.mark.parametrize(
    ("labels", "is_confidential", "local", "cloud"),
    [
        ((), False, False, False),
        (("kowal::local-only",), False, True, False),
        (("kowal::force-cloud",), False, False, True),
        (("kowal::force-cloud", "kowal::local-only"), False, True, False),
        (("kowal::force-cloud",), True, True, False),
    ],
)
def test_labels_demand_and_what_is_confidential_stays(
    labels: tuple[str, ...], is_confidential: bool, local: bool, cloud: bool
) -> None:
    """The stricter word counts."""
    demands = demands_of(labels, is_confidential=is_confidential)
    assert (demands.local_only, demands.force_cloud) == (local, cloud)
