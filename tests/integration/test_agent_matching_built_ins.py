"""Every built-in function is found by the words people use, some of them Polish, and by no others, without a model."""

import json
from pathlib import Path

import pytest

from agent.matching.decision import Decision
from agent.types import Task

LIBRARY = Path(__file__).parents[2] / "functions"
REQUESTS = json.loads((Path(__file__).parents[1] / "benchmarks/built_in_requests.json").read_text("utf-8"))
NAMES = sorted(folder.name for folder in LIBRARY.iterdir() if (folder / "function.json").is_file())
POLISH_LETTERS, POLISH_WORDS = set("ąćęłńóśźż"), {"Czy", "Ile", "Podaj", "Policz", "Wypisz"}


@pytest.fixture
def shop(workshop):
    """An agent with all built-in functions, and no model."""
    return workshop(functions=NAMES)


def test_each_is_found_by_five_requests(shop):
    """Run at once, or asked about before any other: for all requests of all functions, one of five in Polish."""
    assert sorted(REQUESTS["meant"]) == NAMES
    missed, ran = [], 0
    for name, texts in REQUESTS["meant"].items():
        assert len(texts) == len(set(texts)) == 5
        for text in texts:
            found = shop.agent.preview(Task(text=text))
            ran += found.decision is Decision.RUN and found.chosen.name == name
            first = found.chosen.name if found.chosen else next((option.name for option in found.asked), "")
            missed += [(name, text, first)] if first != name else []
    assert missed == []
    assert ran > len(NAMES)


def test_none_is_found_by_what_none_does(shop):
    """Fifty requests that share words with them, and that none does: nothing runs and nobody is asked."""
    texts = REQUESTS["unrelated"]
    assert len(set(texts)) == 50
    assert [(text, found.options[0]) for text in texts if (found := shop.agent.preview(Task(text=text))).asked] == []
    assert [text for text in texts if shop.agent.preview(Task(text=text)).chosen] == []


def test_a_format_runs_only_what_makes_it(shop):
    """To read a format is not to make it, and few words are enough where they say from what into what."""
    made = {
        "csv to json": "csv_to_json",
        "json to csv": "json_to_csv",
        "csv to markdown": "csv_to_markdown",
        "html to text": "html_to_text",
        "CSV na JSON": "csv_to_json",
        "links in Markdown": "extract_links",
    }
    assert {text: shop.agent.preview(Task(text=text)).chosen.name for text in made} == made
    unmade = [
        "markdown to html",
        "html to markdown",
        "text to html",
        "markdown to csv",
        "csv to xml",
        "JSON na YAML",
        "Convert Markdown into an HTML page",
        "Turn an HTML page into Markdown",
    ]
    assert [text for text in unmade if shop.agent.preview(Task(text=text)).chosen] == []


def test_one_of_five_is_polish():
    """Each function is asked for in Polish as well."""
    for name, texts in REQUESTS["meant"].items():
        assert any(POLISH_LETTERS & set(text.casefold()) or text.split()[0] in POLISH_WORDS for text in texts), name
