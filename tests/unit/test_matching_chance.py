"""Chances add up with "none", fall with what speaks for another, and rest on weights for every figure."""

import pytest

from agent.matching.chance import chances, fitted
from agent.matching.evidence import measured
from agent.matching.wish import wish_of
from agent.types import Task
from registry import Found, Hit, Manifest, profile_of


def hit(name: str, description: str, *aliases: str, required: tuple[str, ...] = ("text",)) -> Hit:
    """A function as a search gives it."""
    schema = {"type": "object", "properties": {each: {"type": "string"} for each in required}, "required": [*required]}
    manifest = Manifest(name=name, description=description, aliases=aliases, input_schema=schema)
    return Hit(name=name, version="1.0.0", description=description, profile=profile_of(manifest))


COUNT = hit("count_words", "Count the words of a text.", "number of words", "policz słowa")
SLUG = hit("slugify", "Turn a text into a slug for a URL.", "url-friendly name of a title")
IBAN = hit("validate_iban", "Check an IBAN, the bank account number.", required=("iban",))


def chance_of(text: str, /, *hits: Hit, **arguments: str) -> list[float]:
    """The chance of each hit."""
    wish = wish_of(Task(text=text, arguments=arguments))
    common = {term: sum(term in each.profile.searched.split() for each in hits) for term in wish.weights}
    found = Found(hits=hits, frequencies={term: count for term, count in common.items() if count}, size=len(hits))
    rows = measured(wish, found, hits)
    return chances([row.figures for row in rows], given=wish.telling)


def test_every_figure_has_a_weight():
    """The weights were fitted on the very figures that are measured now, with vectors and without."""
    wish, none = wish_of(Task(text="count words")), Found(hits=(), frequencies={}, size=1)
    (words,), (vectors,) = measured(wish, none, [COUNT]), measured(wish, none, [COUNT], {"count_words": 0.5})
    assert {name: set(weights) - {"any"} for name, weights in fitted().items()} == {
        "words": set(words.figures),
        "arguments": set(words.figures),
        "words+vectors": set(vectors.figures),
        "arguments+vectors": set(vectors.figures),
    }
    assert set(vectors.figures) - set(words.figures) == {"near", "near_behind"}


def test_what_is_near_in_meaning_is_likelier():
    """Of two functions that no word speaks for, the one that is closer in meaning has the better chance."""
    wish, hits = wish_of(Task(text="gauge wordage")), (COUNT, SLUG)
    found = Found(hits=hits, frequencies={}, size=2)
    rows = measured(wish, found, hits, {"count_words": 0.7, "slugify": 0.1})
    near, far = chances([row.figures for row in rows], given=False)
    assert near > 2 * far
    alone = measured(wish, found, hits, {"count_words": 0.1, "slugify": 0.1})
    assert near > chances([row.figures for row in alone], given=False)[0]


def test_what_is_said_is_likely_and_what_is_not_is_not():
    """The function's own words, in both its languages, are likely; a foreign wish leaves the chance to none."""
    assert chance_of("count the words of this text", COUNT, SLUG)[0] > 0.9
    assert chance_of("policz słowa", COUNT, SLUG)[0] > 0.5
    assert max(chance_of("fold this letter into a paper plane", COUNT, SLUG)) < 0.1


@pytest.mark.parametrize("text", ["count the words", "anything else", ""])
def test_chances_leave_room_for_none(text):
    """No set of functions is certain to hold the one that is meant."""
    found = chance_of(text, COUNT, SLUG, IBAN)
    assert all(each >= 0 for each in found)
    assert sum(found) < 1
    assert chance_of(text) == []


def test_a_rival_takes_from_the_chance():
    """Two functions that fit alike share what one of them alone would have."""
    rival = hit("count_words_too", "Count the words of a text.", "number of words", "policz słowa")
    alone, (first, second) = chance_of("count words", COUNT)[0], chance_of("count words", COUNT, rival)
    assert max(first, second) < alone
    assert abs(first - second) < 0.5


def test_arguments_that_tell_raise_the_chance():
    """`iban` given by name speaks for the function that takes it; `text` for none of those that take one."""
    assert chance_of("is it right?", IBAN, iban="x")[0] > chance_of("is it right?", IBAN)[0]
    assert chance_of("count vowels", COUNT, text="x")[0] == pytest.approx(chance_of("count vowels", COUNT)[0])


def test_what_its_name_says_unasked_speaks_against_it():
    """Two take the same arguments: the one whose name says no more than the wish is likelier."""
    goals = hit("get_top_scorers", "Returns the top scorers of a team.", required=("team",))
    assists = hit("get_top_assist_makers", "Returns the top scorers of a team.", required=("team",))
    first, second = (chance_of("top scorers of the team", each, team="x")[0] for each in (goals, assists))
    assert first > second


def test_a_format_to_be_made_counts_where_it_is_made():
    """HTML that is read is not HTML that is made; it counts where it is no aim."""
    reads = hit("show_text", "Read HTML or Markdown.", required=("text",))
    makes = hit("markdown_to_html", "Read HTML or Markdown.", required=("text",))
    (to_html,) = chance_of("markdown to html", reads)
    assert to_html < 0.1 < chance_of("read html or markdown", reads)[0]
    assert chance_of("markdown to html", makes)[0] > 0.5


def test_numbers_in_examples_are_not_said():
    """A year in an example does not make its function one for that year; a word does say what it takes."""
    schema = {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}
    examples = [{"in": {"day": "2026-11-30"}, "out": ""}, {"in": {"day": "sha256 monday 2026"}, "out": ""}]
    named = {"name": "weekday", "description": "Tell a day.", "input_schema": schema, "examples": examples}
    assert profile_of(Manifest.model_validate(named)).details == ("sha256", "monday")


def test_leanings_move_the_odds():
    """What was wrong before is less likely; nothing said leaves it as it was."""
    wish = wish_of(Task(text="count words"))
    figures = [row.figures for row in measured(wish, Found(hits=(), frequencies={}, size=2), [COUNT, SLUG])]
    assert chances(figures, given=False, leanings=[0.0, 0.0]) == chances(figures, given=False)
    assert chances(figures, given=False, leanings=[-1.0, 0.0])[0] < chances(figures, given=False)[0]
