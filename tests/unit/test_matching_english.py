"""A task in another language is put into one English line, once, and whatever the model says is checked."""

import json
from contextlib import closing

import pytest

from agent.errors import ModelError
from agent.matching.english import English, is_english
from agent.matching.kept import Kept
from agent.ports import FREE, ModelCard, ModelReply, Purpose, Server
from agent.routing.router import Router

POLISH = "policz samogłoski w tekście"


class Translator:
    """A model that says what it was given."""

    name = "translator"
    server = Server(name="translator", provider="translator", is_local=True)

    def __init__(self, said) -> None:
        self.said, self.requests = said, []

    def cards(self) -> tuple[ModelCard, ...]:
        """The one that it stands for."""
        return (ModelCard(name="m", price=FREE),)

    def complete(self, request) -> ModelReply:
        """The same to everything."""
        self.requests.append(request)
        if isinstance(self.said, Exception):
            raise self.said
        return ModelReply(text=self.said, provider="t", model="m")


@pytest.fixture
def file(tmp_path):
    """Where lines are kept."""
    return tmp_path / "matching.sqlite"


def lines(model, file) -> list[str]:
    """The line of the same text, asked for twice by an agent that was just started."""
    with closing(Kept(file)) as kept:
        asked = English(router=Router([model]), kept=kept)
        return [asked.line(POLISH), asked.line(POLISH)]


@pytest.mark.parametrize(
    "text",
    ["count the vowels in a text", "fold a paper plane", "count vowels", "what is the size of Gdańsk", "sort by name"],
)
def test_english_is_known(text):
    """A task in English, with a foreign name in it or without little words, is not translated."""
    assert is_english(text)


@pytest.mark.parametrize(
    "text",
    [POLISH, "ile dni roboczych jest od dzisiaj do jutra", "wie viele Wörter hat der Text",
     "combien de mots dans le texte", "сколько слов в тексте", "zähle Vokale"],
)  # fmt: skip
def test_other_languages_are_known(text):
    """Their little words or letters tell."""
    assert not is_english(text)


def test_a_text_is_translated_once(file):
    """The line is kept, after a restart too; the person's words go as data, and the file does not hold them."""
    model, later = Translator(json.dumps({"english": "count the vowels of a text"})), Translator("not asked")
    assert lines(model, file) == lines(later, file) == ["count the vowels of a text"] * 2
    assert (len(model.requests), later.requests) == (1, [])
    assert model.requests[0].purpose is Purpose.MATCH
    assert POLISH not in model.requests[0].messages[0].content
    assert POLISH.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    "said",
    ["", "count the vowels", '{"english": ""}', '{"english": 5}', '{"function": null}', '{"english": "a\\nb"}',
     json.dumps({"english": "x" * 301}), ModelError("no answer")],
)  # fmt: skip
def test_what_is_no_line_is_not_used(said, file):
    """Nothing, several lines, an essay or no answer: the task stays as it is, and nothing is kept."""
    model = Translator(said)
    assert lines(model, file) == ["", ""]
    assert len(model.requests) == 2
