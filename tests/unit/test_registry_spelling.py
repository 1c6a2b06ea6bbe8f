"""A term that no function has is read as the known one that it is a letter away from, and nothing else is."""

import sqlite3
from contextlib import closing

import pytest

from agent.matching.evidence import measured
from agent.matching.matcher import searched_terms
from agent.matching.wish import IF_MISSPELT, OF_A_VALUE, respelt, wish_of
from agent.types import Task
from registry import Hit, Manifest, profile_of, search
from registry.spelling import likeliest, misspelt, nearest
from registry.terms import terms


def hit(name: str, description: str) -> Hit:
    """A function as a search gives it."""
    manifest = Manifest(name=name, description=description, input_schema={"type": "object", "properties": {}})
    return Hit(name=name, version="1.0.0", description=description, profile=profile_of(manifest))


HITS = (hit("count_words", "Count the words of a text."), hit("triangle_area", "Calculate the area of a triangle."))


@pytest.fixture
def index():
    """Some functions, findable."""
    with closing(sqlite3.connect(":memory:")) as db:
        for statement in search.TABLES:
            db.execute(statement)
        for row, each in enumerate(HITS):
            search.add(db, row, each, "")
        yield db


@pytest.mark.parametrize("word", ["trinagle", "triabgle", "trangle", "trriangle", "traingle"])
def test_one_letter_may_be_wrong(word):
    """Left out, doubled, another, or changed with its neighbour, before the cut; what is behind it does not count."""
    (term,) = terms(word)
    assert nearest(term, ["triang", "trials", "words"]) == ["triang"]


@pytest.mark.parametrize("word", ["tangent", "angle", "string", "trianon"])
def test_more_may_not(word):
    """What is further away, or goes on otherwise, is another word."""
    assert nearest(word[:6], ["triang"]) == []


@pytest.mark.parametrize(("term", "may"), [("trinag", True), ("area", False), ("2026ab", False)])
def test_short_words_and_numbers_are_as_they_are(term, may):
    """Too many short words are a letter apart, and a number is what it says."""
    assert misspelt(term) is may


def test_of_several_the_one_that_is_used_most_counts():
    """A word that no function has any more is none."""
    found = {"counr": ["count", "court"], "aples": ["apples"]}
    assert likeliest(found, {"count": 3, "court": 1}) == {"counr": "count"}


def test_a_misspelt_wish_is_found(index):
    """The search finds the function, says how it read the word, and the word speaks for the function, if less."""
    wish = wish_of(Task(text="claculate the area of a trinagle"))
    found = search.search(index, searched_terms(wish), 5, ())
    assert found.spelt == {"clacul": "calcul", "trinag": "triang"}
    assert found.hits == (HITS[1],)
    right = wish_of(Task(text="calculate the area of a triangle"))
    best = search.search(index, searched_terms(right), 5, ())
    said, meant = (measured(*each, HITS[1:])[0].figures["said"] for each in ((wish, found), (right, best)))
    assert 0.9 < said <= meant == 1.0
    assert respelt(wish, found.spelt).weights["triang"] == IF_MISSPELT


def test_words_that_are_known_and_names_are_left_alone(index):
    """Nothing is read as something else that a function has, and no name of somebody."""
    known = search.search(index, terms("count the words"), 5, ())
    assert known.spelt == {}
    wish = wish_of(Task(text="send it to Trinagle"))
    assert wish.weights["trinag"] == OF_A_VALUE
    assert respelt(wish, {"trinag": "triang"}) == wish


def test_words_of_a_function_that_is_gone_are_no_longer_meant(index):
    """A word whose last function was taken away is unknown again."""
    search.remove(index, 1)
    assert search.search(index, ["trinag"], 5, ()).spelt == {}
