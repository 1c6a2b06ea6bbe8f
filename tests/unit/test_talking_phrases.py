"""What Kowal says is there in both languages."""

import re
import string
from pathlib import Path

import pytest

from agent.talking.phrases import (
    ANSWERS,
    APPROVALS,
    ASKING,
    ERRORS,
    INQUIRIES,
    PHRASES,
    REFUSALS,
    REVIEWS,
    WORKING,
    say,
)

PARTS = (WORKING, ANSWERS, ASKING, APPROVALS, REFUSALS, ERRORS, INQUIRIES, REVIEWS)


def placeholders(text: str) -> list[str]:
    """The names in braces, sorted."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("key", PHRASES)
def test_both_languages_say_the_same_things(key):
    """Each sentence is there in both, with the same named placeholders."""
    english, polish = PHRASES[key]
    assert english.strip()
    assert polish.strip()
    assert placeholders(english) == placeholders(polish)
    assert all(name.isidentifier() for name in placeholders(english))


def test_no_key_is_used_twice():
    """The parts of the table do not hide each other's sentences."""
    assert len(PHRASES) == sum(map(len, PARTS))


def test_placeholders_are_filled_and_never_read_again():
    """What is filled in may look like a placeholder; one that is left empty is an error, as is an unknown sentence."""
    assert say("instead_of", "en", version="{name}") == "instead of {name}"
    assert say("rejected", "pl", by="ewa") == "Odrzucone przez ewa."
    with pytest.raises(KeyError):
        say("rejected", "en")
    with pytest.raises(KeyError):
        say("rejekted", "en")


def test_a_sentence_is_short():
    """But for the help, nothing that is said fills a screen of a telephone."""
    assert [key for key, phrase in PHRASES.items() if key != "help" and max(map(len, phrase)) > 200] == []


def test_no_phrase_is_there_that_nobody_says():
    """Each key stands in the code, or begins as keys do that are put together of parts."""
    agent = Path(__file__).parents[2] / "agent"
    pages = [page for name in ("talking", "hosting") for page in sorted((agent / name).glob("*.py"))]
    code = "".join(page.read_text("utf-8") for page in pages if page.name != "phrases.py")
    made = ("advice_", "state_", "status_", "waits_")
    assert [key for key in PHRASES if not key.startswith(made) and not re.search(f"[\"']{key}[\"']", code)] == []
