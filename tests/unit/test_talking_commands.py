"""Which messages are commands, and that all others are tasks."""

import pytest
from hypothesis import given, strategies

from agent.talking.commands import SAID, VERBS, Command, Kind, language_of, read_command

THERE = {"total", "csv_group_sum", "dates", "slugify"}.__contains__


def command(kind: Kind, language="en", **parts):
    """A command as it is expected."""
    return Command(kind=kind, language=language, **parts)


COMMANDS = {
    "help": command(Kind.HELP),
    "Help!": command(Kind.HELP),
    "`help`": command(Kind.HELP),
    " pomoc ": command(Kind.HELP, "pl"),
    "functions": command(Kind.FUNCTIONS),
    "FUNCTIONS csv dates": command(Kind.FUNCTIONS, text="csv dates"),
    "functions about e-mail?": command(Kind.FUNCTIONS, text="about e-mail"),
    "funkcje": command(Kind.FUNCTIONS, "pl"),
    "funkcje na święta": command(Kind.FUNCTIONS, "pl", text="na święta"),
    "show csv_group_sum": command(Kind.SHOW, name="csv_group_sum"),
    "show CSV_Group_Sum.": command(Kind.SHOW, name="csv_group_sum"),
    "Show `slugify`": command(Kind.SHOW, name="slugify"),
    "`show slugify`": command(Kind.SHOW, name="slugify"),
    "pokaż total": command(Kind.SHOW, "pl", name="total"),
    "POKAZ slugify!": command(Kind.SHOW, "pl", name="slugify"),
    "status": command(Kind.STATUS),
    "status?": command(Kind.STATUS),
    "status 0a1b2c3d": command(Kind.STATUS, task="0a1b2c3d"),
    "stan `0A1B2C3D`": command(Kind.STATUS, "pl", task="0a1b2c3d"),
    "cancel": command(Kind.CANCEL),
    "cancel 0a1b2c3d4e5f60718293a4b5c6d7e8f9": command(Kind.CANCEL, task="0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
    "anuluj 0a1b2c3d.": command(Kind.CANCEL, "pl", task="0a1b2c3d"),
    "enhance slugify: keep Polish letters": command(Kind.ENHANCE, name="slugify", text="keep Polish letters"),
    "enhance `slugify` : one\ntwo": command(Kind.ENHANCE, name="slugify", text="one\ntwo"),
    "ulepsz csv_group_sum: pomiń puste wiersze.": command(
        Kind.ENHANCE, "pl", name="csv_group_sum", text="pomiń puste wiersze."
    ),
    "history slugify": command(Kind.HISTORY, name="slugify"),
    "historia csv_group_sum": command(Kind.HISTORY, "pl", name="csv_group_sum"),
    "rollback slugify 1.0.0": command(Kind.ROLLBACK, name="slugify", version="1.0.0"),
    "rollback slugify to v1.10.2.": command(Kind.ROLLBACK, name="slugify", version="1.10.2"),
    "cofnij slugify do `0.9.0`": command(Kind.ROLLBACK, "pl", name="slugify", version="0.9.0"),
    "approve": command(Kind.APPROVE),
    "approve 0a1b2c3d": command(Kind.APPROVE, task="0a1b2c3d"),
    "zatwierdź": command(Kind.APPROVE, "pl"),
    "Zatwierdz!": command(Kind.APPROVE, "pl"),
    "reject": command(Kind.REJECT),
    "reject: it reaches too much": command(Kind.REJECT, text="it reaches too much"),
    "reject, too broad": command(Kind.REJECT, text="too broad"),
    "reject 0a1b2c3d": command(Kind.REJECT, task="0a1b2c3d"),
    "reject 0a1b2c3d too broad": command(Kind.REJECT, task="0a1b2c3d", text="too broad"),
    "odrzuć, bo za szeroka": command(Kind.REJECT, "pl", text="bo za szeroka"),
    "odrzuc 0a1b2c3d: za szeroka": command(Kind.REJECT, "pl", task="0a1b2c3d", text="za szeroka"),
    "right": command(Kind.RIGHT),
    "Right!": command(Kind.RIGHT),
    "dobrze.": command(Kind.RIGHT, "pl"),
    "wrong": command(Kind.WRONG),
    "wrong, should be csv_group_sum": command(Kind.WRONG, name="csv_group_sum"),
    "Wrong should be `slugify`.": command(Kind.WRONG, name="slugify"),
    "źle": command(Kind.WRONG, "pl"),
    "zle, powinno byc total": command(Kind.WRONG, "pl", name="total"),
    "Źle powinno być slugify": command(Kind.WRONG, "pl", name="slugify"),
}
TASKS = (
    "",
    "   ",
    "help me sort these",
    "help: what does this log say",
    "help me",
    "helpful words in this text",
    "pomoc społeczna: policz wnioski w tabeli",
    "pomóż mi posortować te nazwiska",
    "functions of the liver, as a list",
    "functions in this file",
    "functions f(x) = x² and g(x) = 2x: where do they meet",
    "functions that this module exports and their docstrings",
    "functions\ncsv",
    "funkcje w tym pliku",
    "funkcje trygonometryczne kąta 30 stopni w tabeli",
    "show me the total per region",
    "show me",
    "show everything",
    "show total per region",
    "show revenue",
    "show the first 3 rows",
    "pokaż sumę na region",
    "pokaż mi",
    "pokaż kwoty",
    "status of the build in this log",
    "status: count the lines with ERROR",
    "status code 404",
    "status 404",
    "status 2026",
    "status_code of each line",
    "stan konta po trzech wpłatach",
    "stan magazynu w csv",
    "cancel out common factors of 12 and 18",
    "cancel 12/18",
    "cancel added rows",
    "anuluj wszystkie zamówienia z tabeli",
    "anuluj 12/18",
    "enhance the contrast of this text",
    "enhance csv_group_sum",
    "enhance csv_group_sum: ",
    "enhance this: more words",
    "enhance this sentence: it is dull",
    "ulepsz ten tekst: jest nudny",
    "ulepsz tekst",
    "history of purchases by month",
    "history 2024",
    "historia zakupów w tabeli",
    "historia zakupów",
    "historia slugify i total",
    "rollback slugify",
    "rollback slugify 1.0",
    "rollback slugify 1.0.0 and total",
    "rollback slugify 01.0.0",
    "rollback the amounts by 3 percent",
    "cofnij datę o 3 dni",
    "cofnij slugify do wczoraj",
    "approve?",
    "approved amounts per region",
    "approve the invoices under 100",
    "zatwierdź faktury poniżej 100",
    "zatwierdź?",
    "reject outliers from these numbers",
    "reject rows where the amount is negative",
    "rejected rows per day",
    "odrzuć wiersze z ujemną kwotą",
    "right-align this column",
    "right align this column",
    "right?",
    "dobrze sformatuj tę datę",
    "dobrze?",
    "wrong dates in this table",
    "wrong: which rows have a bad date",
    "wrong should be",
    "źle policzone wiersze",
    "źle powinno być",
    "/help",
    "please help",
    "count words in this text: help",
    "2026-11-20",
    "policz słowa",
    "zeige alle Funktionen",
)


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_is_read(text):
    """Each has its kind, its parts and its language; case, diacritics, ticks and a final mark do not matter."""
    assert read_command(text, THERE) == COMMANDS[text]


@pytest.mark.parametrize("text", TASKS)
def test_what_only_begins_like_a_command_is_a_task(text):
    """Nothing may be left over, names and versions have their pattern, and doing words are never questions."""
    assert read_command(text, THERE) is None


def test_there_are_many_near_misses():
    """Nobody removes them by and by."""
    assert len(TASKS) >= 70


def test_every_word_has_a_test_in_its_language():
    """Each command is read in English and in Polish."""
    seen = {(found.kind, found.language) for found in COMMANDS.values()}
    assert seen == set(VERBS.values()) == {(kind, language) for kind in Kind for language in ("en", "pl")}
    assert all(VERBS[word] == key for key, word in SAID.items())


def test_a_plain_word_is_a_name_only_where_it_is_one():
    """What is written like no word, or as code, is meant as a name, so that its misspelling is told."""
    assert read_command("show revenue", THERE) is None
    assert read_command("show csv_grup_sum", THERE).name == "csv_grup_sum"
    assert read_command("show `revenue`", THERE).name == "revenue"
    assert read_command("show revenue").name == "revenue"


@given(strategies.text(max_size=80))
def test_any_text_is_read(text):
    """Whatever is said is a command or a task, never an error; a name is one for the registry."""
    found = read_command(text, THERE)
    assert found is None or found.name == "" or found.name.isascii()


@given(strategies.sampled_from(sorted(VERBS)), strategies.text(min_size=1, max_size=60))
def test_nothing_that_follows_is_lost(word, rest):
    """Where words stand behind the first one, the command has a part that holds them."""
    found = read_command(f"{word} {rest}", THERE)
    if found is not None and any(sign.isalnum() for sign in rest):
        assert found.name or found.text or found.task


@pytest.mark.parametrize(
    ("text", "default", "language"),
    [
        ("total the amounts per region", "pl", "en"),
        ("zsumuj kwoty według regionu", "en", "pl"),
        ("policz słowa", "en", "pl"),
        ("jaki dzien jest za 3 tygodnie", "en", "pl"),
        ("count the rows where the name is Łukasz Żółć", "pl", "en"),
        ('which word is longer, "źdźbło" or "żółw"', "pl", "en"),
        ("sort `ą ę ś ż`", "pl", "en"),
        ("summe pro Region", "pl", "pl"),
        ("summe pro Region", "en", "en"),
        ("slugify", "pl", "pl"),
        ("", "en", "en"),
        ("12 + 30", "pl", "pl"),
        ("Żółte wiersze", "en", "pl"),
    ],
)
def test_the_language_of_a_reply(text, default, language):
    """Words decide, not the data in it; where they say nothing, the default holds."""
    assert language_of(text, default) == language
