"""A task is run, asked about, or left: by its words, its arguments, a model, a person, and what was learnt."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import BadArguments, NoFunctionFits, ProviderUnavailable, Unclear
from agent.matching.decision import Decision
from agent.matching.learning import said_right, said_wrong
from agent.types import Origin, Task
from integrations.llm.fake_ollama import FakeOllama, Model, Script
from integrations.llm.ollama import PROVIDER
from registry import UnknownRun, read_export

LIBRARY = Path(__file__).parents[2] / "functions"
AWAY = ProviderUnavailable("No model server answers at http://127.0.0.1:9.")
NONE = '{"function": null}'
OTHER_WORDS = "gauge wordage of essay"
ALIKE = {"gauge": "count", "wordage": "words", "essay": "text", "of": "in"}
FOREIGN = {
    "policz słowa w tekście": "count_words", "ile dni roboczych dzieli dwie daty": "business_days_between",
    "zamień tytuł na przyjazny adres": "slugify", "zarezerwuj stolik na wieczór": "", "kup bilet do kina": "",
    "wie viele Wörter hat dieser Text": "count_words", "wie viele Werktage liegen zwischen diesen Daten":
    "business_days_between", "buche einen Tisch für heute Abend": "", "prüfe die Nummer": "", "sortiere die Liste": "",
    "combien de mots dans ce texte": "count_words", "combien de jours ouvrés entre deux dates":
    "business_days_between", "réserve une table pour ce soir": "", "vérifie le format du document": "",
    "сколько слов в этом тексте": "count_words", "сколько рабочих дней между датами": "business_days_between",
    "закажи столик на вечер": "", "проверь формат документа": "", "отсортируй список": "",
}  # fmt: skip
"""Wishes in other languages, and the function that does each of them, if one does."""
VAGUE = "count the vowels"
"""May mean `count_words`, and does not say so."""


def test_the_outcome_holds_the_decision(workshop):
    """What was decided, from what, and why, is in the outcome and in the preview alike."""
    shop = workshop(functions=["count_words", "slugify"])
    task = Task(text="count words in a text", arguments={"text": "a b"})
    outcome = shop.agent.execute(task)
    assert (outcome.value, outcome.origin) == (2, Origin.MATCHED)
    assert outcome.match == shop.agent.preview(task).as_json() | {"chance": outcome.match["chance"]}
    assert (outcome.match["decision"], outcome.match["function"]) == ("run", "count_words")
    assert outcome.match["options"][0]["name"] == "count_words"
    assert "of what you said" in outcome.match["options"][0]["why"]
    assert outcome.chance >= 0.9


def test_what_is_unclear_is_asked_about(workshop):
    """Nobody attends and no model answers: the error names what may be meant, and runs nothing."""
    shop = workshop(functions=["count_words", "slugify"], match=[AWAY])
    with pytest.raises(Unclear, match=r"Did you mean `count_words`\?") as caught:
        shop.agent.execute(Task(text=VAGUE, arguments={"text": "a"}))
    assert caught.value.exit_code == 3
    assert "127.0.0.1:9" in str(caught.value)
    assert caught.value.facts["decision"] == "ask"
    assert shop.operations.runs() == []


def test_a_person_says_which(workshop):
    """The person's choice runs, and its words mean that function from then on."""
    shop = workshop(functions=["count_words", "slugify"], match=[AWAY], which=lambda found: found.asked[0].name)
    assert shop.agent.execute(Task(text=VAGUE, arguments={"text": "a b"})).value == 2
    again = shop.agent.preview(Task(text=VAGUE, arguments={"text": "a b"}))
    assert (again.decision, again.chance, again.reason) == (Decision.RUN, 1.0, "these words were confirmed before")


def test_a_person_says_none(workshop):
    """None of those that may be meant: then a function would be made."""
    shop = workshop(functions=["count_words"], match=[AWAY], specify=[AWAY], which=lambda found: "")
    with pytest.raises(NoFunctionFits, match="no model could make one"):
        shop.agent.execute(Task(text=VAGUE, arguments={"text": "a b"}))


def test_a_model_chooses_and_reads_the_arguments(workshop):
    """One request does both; what the caller gave outranks what the model read, and is not shown to it."""
    reply = '{"function": "slugify", "arguments": {"text": "Hello World", "max_length": 3}}'
    shop = workshop(functions=["count_words", "slugify"], match=[reply])
    task = Task(text="a short web name for Hello World, in a URL", arguments={"max_length": 77})
    assert shop.agent.execute(task).value == "hello-world"
    assert shop.teller.asked_for() == ["match"]
    assert "77" not in shop.teller.heard()
    assert [each.function for each in shop.operations.lessons()] == ["slugify"]


@pytest.mark.parametrize("arguments", ['{"text": 5}', '{"txt": "a"}', "[1]", '"text"'])
def test_a_models_arguments_are_checked(workshop, arguments):
    """Arguments that do not fit the schema run nothing, whichever function the model chose."""
    reply = f'{{"function": "slugify", "arguments": {arguments}}}'
    shop = workshop(functions=["slugify"], match=[reply, reply], arguments=["{}"], specify=[AWAY])
    with pytest.raises((BadArguments, NoFunctionFits)):
        shop.agent.execute(Task(text="a short web name, in a URL"))
    assert shop.operations.runs() == []


def test_arguments_that_a_function_cannot_take_rule_it_out(workshop):
    """Of two that fit the words, the one that takes the arguments is meant; values are never cut to fit."""
    shop = workshop(functions=["business_days_between", "count_words"])
    text = "how many working days are between two dates"
    right = {"start": "2026-11-02", "end": "2026-11-06"}
    assert shop.agent.preview(Task(text=text, arguments=right)).chosen.name == "business_days_between"
    for wrong in ({**right, "city": "Gdańsk"}, {"start": "tomorrow", "end": "2026-11-06"}, {**right, "start": 5.5}):
        found = shop.agent.preview(Task(text=text, arguments=wrong))
        assert found.reason == "its words fit, its parameters do not"
        with pytest.raises(BadArguments):
            shop.agent.execute(Task(text=text, arguments=wrong))


def test_a_wrong_run_teaches(workshop):
    """A person says that it was wrong, and what was meant: the same words mean that from then on."""
    shop = workshop(functions=["count_words", "slugify"])
    task = Task(text="count words in a text", arguments={"text": "a b"})
    run = shop.agent.execute(task).run_id
    assert said_wrong(shop.operations, run, by="Ann").endswith("does not mean `count_words`.")
    assert "count_words" not in [option.name for option in shop.agent.preview(task).options]
    assert said_wrong(shop.operations, run, by="Ann", should_be="slugify").endswith("and not `count_words`.")
    assert shop.agent.preview(task).chosen.name == "slugify"
    assert said_right(shop.operations, run, by="Ann").endswith("means `count_words`.")
    assert shop.agent.preview(task).chosen.name == "count_words"
    assert [(each.function, each.meant) for each in shop.operations.lessons()] == [("count_words", True)]
    with pytest.raises(UnknownRun):
        said_right(shop.operations, 999, by="Ann")


def test_learnt_words_help_with_others_like_them(workshop):
    """Words that no description has are known once somebody said what they mean, in other forms, too."""
    shop = workshop(functions=["count_words", "slugify"])
    before = shop.agent.preview(Task(text="gauge the wordage of my essay"))
    shop.operations.learn("gauge the wordage of an essay", "count_words", "Ann")
    after = shop.agent.preview(Task(text="gauge the wordage of my essay"))
    assert after.options[0].name == "count_words"
    assert after.chance > max(0.5, before.chance)


def test_lessons_leave_git_alone(workshop):
    """What people taught changes no version and no digest."""
    shop = workshop(functions=["count_words"])
    before = [(each.name, each.digest, each.commit) for each in shop.registry.production()]
    shop.operations.learn("number of lexemes", "count_words", "Ann")
    assert [(each.name, each.digest, each.commit) for each in shop.registry.production()] == before


def embedding(**more) -> FakeOllama:
    """A server that makes vectors and writes nothing."""
    return FakeOllama(Script(models=(Model(name="mini:1", capabilities=("embedding",)),), alike=ALIKE, **more))


def embedded(server) -> list[str]:
    """The texts that the server was asked to make vectors of."""
    return [text for each in server.requests if each.path == "/api/embed" for text in each.body["input"]]


def test_a_wish_in_other_words_is_found_by_its_meaning(workshop):
    """No word of it is known; its vector is near one function's, which comes first, and is made once."""
    with embedding() as server:
        shop = workshop(functions=["count_words", "slugify"], provider=PROVIDER.open({"host": server.url})[0])
        found = shop.agent.preview(Task(text=OTHER_WORDS))
        assert found.options[0].name == "count_words"
        assert found.chance > 10 * max((option.chance for option in found.options[1:]), default=0.0)
        assert "close in meaning" in found.options[0].why
        known = len(embedded(server))
        assert shop.agent.preview(Task(text=OTHER_WORDS)).options == found.options
        assert embedded(server)[known:] == [OTHER_WORDS]


def test_what_is_clear_by_its_words_needs_no_vectors(workshop):
    """A vector costs a request: it is made only where the words do not decide."""
    with embedding() as server:
        shop = workshop(functions=["count_words", "slugify"], provider=PROVIDER.open({"host": server.url})[0])
        assert shop.agent.preview(Task(text="count words in a text")).decision is Decision.RUN
        assert server.requests == []


def test_without_the_server_matching_goes_on(workshop):
    """A server that went away costs the wish its vectors and nothing else, and is left alone for a while."""
    with embedding() as server:
        provider = PROVIDER.open({"host": server.url})[0]
    shop = workshop(functions=["count_words", "slugify"], provider=provider)
    assert shop.agent.preview(Task(text=OTHER_WORDS)).decision is Decision.NONE
    assert shop.agent.preview(Task(text="count words in a text")).decision is Decision.RUN
    found = shop.agent.preview(Task(text=VAGUE))
    assert found.options
    assert all("close in meaning" not in option.why for option in found.options)


def test_vectors_offer_what_takes_the_arguments(workshop):
    """A function that is near in meaning and cannot take what was given is not offered."""
    with embedding() as server:
        shop = workshop(functions=["count_words", "slugify"], provider=PROVIDER.open({"host": server.url})[0])
        found = shop.agent.preview(Task(text=OTHER_WORDS, arguments={"max_length": 5}))
    assert "count_words" not in [option.name for option in found.options]


def test_learnt_words_have_meanings_too(workshop):
    """What somebody taught is compared by meaning, as an alias is."""
    with embedding() as server:
        shop = workshop(functions=["count_words", "slugify"], provider=PROVIDER.open({"host": server.url})[0])
        before = shop.agent.preview(Task(text=OTHER_WORDS)).chance
        shop.operations.learn("count words in text", "count_words", "Ann")
        assert shop.agent.preview(Task(text=OTHER_WORDS)).chance > before
        assert "count words in text" in embedded(server)


@pytest.fixture
def in_english(workshop):
    """Functions that have no other language's words."""
    shop = workshop(match=[AWAY])
    for name in ("business_days_between", "count_words", "slugify", "csv_to_json", "validate_iban"):
        function = read_export(LIBRARY / name)
        manifest = function.manifest.model_copy(update={"aliases": ()})
        shop.put(replace(function, manifest=manifest))
    return shop


@pytest.mark.parametrize("text", FOREIGN)
def test_without_a_model_another_language_is_not_guessed(in_english, text):
    """Polish, German, French and Russian wishes against English descriptions: what is not sure does not run."""
    found = in_english.agent.preview(Task(text=text))
    assert found.decision is not Decision.RUN or found.chosen.name == FOREIGN[text]


def test_with_a_model_another_language_is_put_into_english_once(workshop):
    """One request translates, and the English line is matched; the next time nobody is asked."""
    shop = workshop(functions=["count_words", "slugify"], match=['{"english": "count words in a text"}', AWAY])
    task = Task(text="сколько лексем в сочинении", arguments={"text": "a b"})
    outcome = shop.agent.execute(task)
    assert (outcome.value, outcome.match["function"]) == (2, "count_words")
    assert "count words in a text" in outcome.match["reason"]
    assert shop.agent.execute(task).value == 2
    assert shop.teller.asked_for() == ["match"]


def test_the_model_that_chooses_sees_the_english_line(workshop):
    """A line that is not clear either goes to the choice, as data beside the person's own words."""
    replies = [f'{{"english": "{VAGUE}"}}', '{"function": "count_words"}']
    shop = workshop(functions=["count_words", "slugify"], match=replies)
    task = Task(text="сколько гласных в сочинении", arguments={"text": "a b"})
    assert shop.agent.execute(task).value == 2
    assert shop.teller.asked_for() == ["match", "match"]
    choice = shop.teller.requests[1].messages
    assert VAGUE in choice[1].content
    assert task.text in choice[1].content
    assert VAGUE not in choice[0].content
