"""Puts data into a message as data: nothing in it mentions people, hides an address behind other words, or gets out.

Two things were read in the source of Rocket.Chat 8 (`MentionsParser.ts`, `grammar.pegjs`) and hold elsewhere, too: a
mention is looked for in the whole message, code included, and a fence holds no line that ends in a back quote. GitLab
leaves code alone; in words it knows HTML and its entities, references (`#1`, `!2`, `~label`, `%milestone`), `:signs:`,
and links of two brackets.
"""

import re
import unicodedata

JOINER = "\N{ZERO WIDTH JOINER}"
"""Stands between two signs that would mean something together. Nobody sees it."""
MENTION = re.compile(r"@(?=\S)")
ADDRESS = re.compile(r"(?<=[\w.+-])@(?=[\w-]+(?:\.[\w-]+)+)", re.ASCII)
"""The sign of an e-mail address, which mentions nobody."""
QUOTE_AT_RISK = re.compile(r"`(?=`|\n|\Z)")
"""A back quote that a second or the line's end follows."""
TICKED = re.compile(r"((?<!\S)\(?`[^`\n]+`)")
"""Code in a sentence. Right behind other signs it could be read as a part of an address, its first tick included."""
MEANT = re.compile(
    r"(](?=[(\[:])|\[(?=[\[+-])|{(?=[+-])|!(?=[\[\d])|%(?=[\w\"])|&(?=#?\w+;|\d)|:(?=[\w+-]+:)"
    r"|(?:[*~|#\\]|\b_|_\b)(?=\S|\Z))"
)
"""Signs that mean something before what follows: links, images, emphasis, references, entities, coloured changes."""
LINE_ENDS = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
SEEN = frozenset(f"\n\t{JOINER}")
"""Signs without a shape that are kept."""
HIDDEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs"))
"""Categories of signs that act or show nothing: controls, marks of direction, half characters."""


def span(text: str, most: int = 300) -> str:
    """The text as code within a line, cut to so many characters; back quotes are shown as another sign like them.

    A space must stand before it, or a bracket behind a space: see `TICKED`.
    """
    line = cut_to(re.sub(r"\s", " ", visible(text)), most)
    return f"`{unmentioned(unticked(line)) or ' '}`"


def fenced(text: str, language: str = "") -> str:
    """The text as a block of code of its own."""
    body = QUOTE_AT_RISK.sub(f"`{JOINER}", unmentioned(visible(text).strip("\n")))
    return f"```{language}\n{body or ' '}\n```"


def prose(text: str, most: int = 600) -> str:
    """A sentence with others' data in it, on one line: what stands in code ticks is code, the rest means nothing."""
    line = cut_to(" ".join(visible(text).split()), most).replace("@", f"@{JOINER}")
    return "".join(part if place % 2 else tamed(part) for place, part in enumerate(TICKED.split(line)))


def tamed(text: str) -> str:
    """Words in which no sign means anything: no link with other words, no image, emphasis, formula or reference."""
    text = unticked(text).replace("$", "\N{SMALL DOLLAR SIGN}")
    text = re.sub(r"<(?=\S)", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", text)
    return MEANT.sub(rf"\1{JOINER}", text)


def unticked(text: str) -> str:
    """The text with a sign that looks like a back quote for each."""
    return text.replace("`", "\N{REVERSED PRIME}")


def unmentioned(text: str) -> str:
    """The text with a sign that nobody sees after each `@` by which people could be called."""
    kept = {match.start() for match in ADDRESS.finditer(text)}
    return MENTION.sub(lambda match: "@" if match.start() in kept else f"@{JOINER}", text)


def visible(text: str) -> str:
    """The text with line ends of one kind, and a mark in the place of each sign that acts or has no shape."""
    lines = LINE_ENDS.sub("\n", text)
    return "".join(
        sign if sign in SEEN or unicodedata.category(sign) not in HIDDEN else "\N{REPLACEMENT CHARACTER}"
        for sign in lines
    )


def cut_to(text: str, most: int) -> str:
    """No more of it than so many characters, and a sign that there was more."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def is_exact(text: str) -> bool:
    """Whether a block shows the text sign by sign."""
    return fenced(text) == f"```\n{text.strip(chr(10))}\n```"


def file_name(text: str) -> str:
    """The name as one for a file that is sent: without folders, and nothing in it that is obeyed or calls people."""
    plain = "".join(sign if sign.isprintable() and sign not in "/\\@`" else "_" for sign in text)
    return plain if plain.strip(". ") else "_"
