"""The words that are a command in a chat, in English and Polish. All that has not exactly their shape is a task."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.talking.phrases import Language
from registry import NAME_PATTERN
from registry.terms import fold


class Kind(StrEnum):
    """What a command asks for."""

    HELP = "help"
    FUNCTIONS = "functions"
    SHOW = "show"
    STATUS = "status"
    CANCEL = "cancel"
    ENHANCE = "enhance"
    HISTORY = "history"
    ROLLBACK = "rollback"
    APPROVE = "approve"
    REJECT = "reject"
    RIGHT = "right"
    """The last answer was right."""
    WRONG = "wrong"
    """It was not."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A message that is no task."""

    kind: Kind
    language: Language
    """That of its words."""
    name: str = ""
    """Of a function; that which was meant, after `wrong`."""
    version: str = ""
    """`X.Y.Z`."""
    task: str = ""
    """The id, or how it begins: eight hexadecimal digits or more."""
    text: str = ""
    """What is searched for, what shall be better, or why not."""


VERBS: Mapping[str, tuple[Kind, Language]] = {
    "help": (Kind.HELP, "en"),
    "pomoc": (Kind.HELP, "pl"),
    "functions": (Kind.FUNCTIONS, "en"),
    "funkcje": (Kind.FUNCTIONS, "pl"),
    "show": (Kind.SHOW, "en"),
    "pokaz": (Kind.SHOW, "pl"),
    "status": (Kind.STATUS, "en"),
    "stan": (Kind.STATUS, "pl"),
    "cancel": (Kind.CANCEL, "en"),
    "anuluj": (Kind.CANCEL, "pl"),
    "enhance": (Kind.ENHANCE, "en"),
    "ulepsz": (Kind.ENHANCE, "pl"),
    "history": (Kind.HISTORY, "en"),
    "historia": (Kind.HISTORY, "pl"),
    "rollback": (Kind.ROLLBACK, "en"),
    "cofnij": (Kind.ROLLBACK, "pl"),
    "approve": (Kind.APPROVE, "en"),
    "zatwierdz": (Kind.APPROVE, "pl"),
    "reject": (Kind.REJECT, "en"),
    "odrzuc": (Kind.REJECT, "pl"),
    "right": (Kind.RIGHT, "en"),
    "dobrze": (Kind.RIGHT, "pl"),
    "wrong": (Kind.WRONG, "en"),
    "zle": (Kind.WRONG, "pl"),
}
"""The first words, folded: lower case, without diacritics."""
SAID = {(kind, language): word for word, (kind, language) in VERBS.items()}
"""The other way round, for texts that name a command."""


def listed(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


NOT_NAMES = listed(
    "me it this that these those them us you all everything more how why what where the a an my "
    "mi to ten ta te nam im je wszystko co jak ile gdzie kto moje moj"
)
"""Words that are spelled like names, and mean none after a command."""
NOT_SEARCHED = listed(
    "of in is are the this that these those my our your which from as and or but into f x y "
    "w we ze ten ta te tej tego tym tych moj moja moje jest sa i lub oraz ktore ktora ktory jako"
)
"""Words of sentences: who looks for functions lists what they should be about."""
MOST_WORDS = 4
"""That are searched for."""

NAME = rf"`?(?P<name>(?a:{NAME_PATTERN.strip('^$')}))`?"
VERSION = r"`?v?(?P<version>(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2})`?"
TASK = r"`?(?P<task>[0-9a-f]{8}[0-9a-f-]{0,28})`?"
END = r"\s*[.!…]?"
ASKED = r"\s*[.!?…]?"
"""Only what changes nothing may end in a question mark: `approve?` is no approval."""
SHAPES: Mapping[Kind, re.Pattern[str]] = {
    kind: re.compile(shape, re.IGNORECASE | re.DOTALL)
    for kind, shape in {
        Kind.HELP: ASKED,
        Kind.FUNCTIONS: rf"(?P<text>(?:[ \t]+[^\W_][\w-]*){{0,{MOST_WORDS}}}){ASKED}",
        Kind.SHOW: rf"\s+{NAME}{ASKED}",
        Kind.STATUS: rf"(?:\s+{TASK})?{ASKED}",
        Kind.CANCEL: rf"(?:\s+{TASK})?{END}",
        Kind.ENHANCE: rf"\s+{NAME}\s*:(?P<text>.+)",
        Kind.HISTORY: rf"\s+{NAME}{ASKED}",
        Kind.ROLLBACK: rf"\s+{NAME}\s+(?:(?:to|do)\s+)?{VERSION}{END}",
        Kind.APPROVE: rf"(?:\s+{TASK})?{END}",
        Kind.REJECT: rf"(?:\s+{TASK}(?:[\s:,]+(?P<why>\S.*))?|\s*[:,]\s*(?P<text>\S.*))?{END}",
        Kind.RIGHT: END,
        Kind.WRONG: rf"(?:\s*[:,]?\s+(?:should\s+be|powinno\s+by[cć])\s+{NAME})?{END}",
    }.items()
}
"""What follows the first word, to the end."""


def any_name(name: str) -> bool:
    """For those who know no functions: whatever is spelled like a name is one."""
    del name
    return True


def read_command(text: str, is_function: Callable[[str], bool] = any_name) -> Command | None:
    """The command that a message is; None: it is a task.

    `is_function` says whether there is a function of that name. It is asked about plain words only: `show total` is
    a task where nothing is called `total`, and `show csv_grup_sum` a command whoever is called so.
    """
    word, rest = parted(text)
    known = VERBS.get(fold(word))
    if known is None:
        return None
    kind, language = known
    match = SHAPES[kind].fullmatch(rest)
    if match is None:
        return None
    parts = {name: said for name, said in match.groupdict().items() if said}
    if "name" in parts and not is_name(parts["name"], is_function, ticked=f"`{parts['name']}`" in text):
        return None
    if kind is Kind.FUNCTIONS and any(fold(each) in NOT_SEARCHED for each in rest.split()):
        return None
    return Command(
        kind=kind,
        language=language,
        name=parts.get("name", "").casefold(),
        version=parts.get("version", ""),
        task=parts.get("task", "").casefold(),
        text=(parts.get("text") or parts.get("why") or "").strip(),
    )


def parted(text: str) -> tuple[str, str]:
    """The first word, and all behind it; code ticks around the whole are taken off."""
    whole = text.strip()
    if re.fullmatch(r"`[^`]+`", whole):
        whole = whole.strip("`").strip()
    first = re.match(r"[^\W\d_]+", whole)
    return (first[0], whole[first.end() :]) if first else ("", whole)


def is_name(word: str, is_function: Callable[[str], bool], *, ticked: bool) -> bool:
    """Whether a function is meant: what is written like no other word is a name, known or not."""
    folded = word.casefold()
    if ticked or "_" in folded:
        return True
    return folded not in NOT_NAMES and is_function(folded)


POLISH_LETTERS = frozenset("ąćęłńśźż")
"""Letters that English has not; `ó` is left out, which others have, too."""
POLISH = listed(
    "ale być co czy dla go ile jak jaki jaka jakie jest już każdego każdej ktora ktore ktory który która "
    "które lub mi mnie moje na nie o od oraz po pod policz podaj pokaż prosze proszę przez sa się sie są ta tak te "
    "tego tej ten tę tych tym w we według z za zamień ze zrob zrób że żeby"
)
ENGLISH = listed(
    "an and are at can convert count each every for from get give have how if in into is it list make me my "
    "not of on or per please sort that the there these this total what when where which with you your"
)
"""Words that sentences of a language have, and hardly one of the other."""
QUOTED = re.compile(r"```.*?```|`[^`]*`|\"[^\"]*\"|„[^”]*”|“[^”]*”|https?://\S+", re.DOTALL)
"""Data: it says nothing of who wrote it."""


def language_of(text: str, default: Language = "en") -> Language:
    """The language to reply in: Polish or English, whichever more of the words are; the default where neither is."""
    found = list(signs_of(QUOTED.sub(" ", text)))
    polish, english = found.count("pl"), found.count("en")
    if polish == english:
        return default
    return "pl" if polish > english else "en"


def signs_of(text: str) -> Iterator[Language]:
    """For each word that speaks for a language, that language; the letters of names say nothing."""
    for place, word in enumerate(re.findall(r"[^\W\d_]+", text)):
        is_word = place == 0 or word[0].islower()
        if word.casefold() in POLISH or (is_word and not POLISH_LETTERS.isdisjoint(word.casefold())):
            yield "pl"
        elif word.casefold() in ENGLISH:
            yield "en"
