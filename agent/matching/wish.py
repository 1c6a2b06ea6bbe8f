"""What a task says that can be compared: its terms by weight, the values it holds, the arguments it came with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from agent.types import Task
from registry.terms import aims, terms, unique

OF_A_VALUE = 0.4
"""Weight of a term that stands in a value (a name, a quotation, a number): it says on what, not what is to be done.
Of 0.1 to 1, values from 0.3 to 0.5 found most on the public requests."""
OF_ANY_WISH = 0.6
"""Weight of a term that stands in wishes of every kind."""
ANY_WISH = frozenset(
    terms(
        "calculate check compute determine estimate fetch find following generate give given help identify know like "
        "look lookup need perform please provide retrieve return search show tell use using want "
        "oblicz podaj policz pokaż pomóż potrzebuję proszę sprawdź wygeneruj wyznacz znajdź zrób "
        "berechne bitte ermittle finde prüfe zeige calcule cherche montre trouve vérifie"
    )
)
IF_MISSPELT = 0.7
"""Of its weight a term keeps where it is read as another that differs by a letter."""
COMMON_NAMES = frozenset(
    re.findall(
        r"\w+",
        "a array b content csv data date day document end file html input items json key limit line lines list "
        "markdown message n name number numbers object options path query rows start string text texts url value "
        "values word words x y year",
    )
)
"""Parameters of functions of every kind: that one takes a `text` says nothing of what it does with it."""
FORMATS = frozenset(terms("csv docx excel html jpeg json latex markdown pdf png svg toml tsv xlsx xml yaml"))
"""What texts and files are turned into: to have to do with HTML is not to make it."""

MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
DATE = re.compile(
    rf"\b\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}\b|\b\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}\b|\b{MONTH}\.? \d|"
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?\.? (?:of )?{MONTH}\b|\b(?:today|tomorrow|yesterday|next (?:week|month|year))\b|"
    r"\b(?:dziś|dzisiaj|jutro|wczoraj|heute|morgen|gestern|demain|hier)\b",
    re.IGNORECASE,
)
VALUE = re.compile(
    r'https?://\S+|\S+@\S+\.\w+|\[[^\]]*\]|"[^"]+"|“[^”]+”|„[^”“]+[”“]|«[^»]+»|(?<!\w)\'[^\']+\'(?!\w)|`[^`]+`|'
    rf"(?i:{DATE.pattern})|(?<!\w)[-+]?[$€£]?\d[\w.,:/-]*|"
    # A capital within a sentence begins a name; a word all in capitals (IBAN, CSV) says what something is.
    r"(?<=[a-z,;:0-9'] )(?![A-Z]{2})[A-Z][\w.&'-]*(?: (?:(?:of|the|de|and) )?(?![A-Z]{2})[A-Z][\w.&'-]*)*",
)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A task's text, taken apart."""

    weights: Mapping[str, float]
    """Each term with what it tells, more than 0 and at most 1, in the order of the text."""
    pairs: tuple[tuple[str, str], ...]
    """The terms that follow each other."""
    into: frozenset[str]
    """The formats that something is to be turned into."""
    dated: bool
    """Whether it holds a date."""
    given: tuple[str, ...]
    """The names of the arguments that came with it."""
    telling: bool
    """Whether one of these names says something of the function that takes it."""


def wish_of(task: Task) -> Wish:
    """What the task says. Its words are folded: neither case nor diacritics count."""
    values = [match.group() for match in VALUE.finditer(task.text)]
    plain = unique(terms(VALUE.sub(" . ", task.text)))
    weights = {term: OF_ANY_WISH if term in ANY_WISH else 1.0 for term in plain}
    for term in (term for value in values for term in terms(value)):
        weights.setdefault(term, OF_A_VALUE)
    ordered = [term for term in unique(terms(task.text)) if term in weights]
    return Wish(
        weights={term: weights[term] for term in ordered},
        pairs=tuple(pairwise(ordered)),
        into=FORMATS.intersection(aims(task.text, 1), weights),
        dated=DATE.search(task.text) is not None,
        given=tuple(task.arguments),
        telling=not COMMON_NAMES.issuperset(task.arguments),
    )


def respelt(wish: Wish, spelt: Mapping[str, str]) -> Wish:
    """The wish with these terms read as others. Terms in values stay: names are spelled as they are."""
    read = {term: known for term, known in spelt.items() if wish.weights.get(term, 0.0) > OF_A_VALUE}
    if not read:
        return wish
    weights = {term: weight for term, weight in wish.weights.items() if term not in read}
    for term, known in read.items():
        weights.setdefault(known, IF_MISSPELT * wish.weights[term])
    pairs = tuple((read.get(first, first), read.get(second, second)) for first, second in wish.pairs)
    return replace(wish, weights=weights, pairs=pairs)
