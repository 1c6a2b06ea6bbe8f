"""The outline of a Markdown text."""

import re
import unicodedata

_BLOCK_TAGS = (
    "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt"
    "|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu"
    "|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr"
    "|track|ul"
)
# YAML front matter, code between fences, comments, tags with raw contents, and other blocks of HTML up to a blank line.
# One that is not closed goes to the end, as in CommonMark.
_NO_PROSE = re.compile(
    r"\A---[ \t]*\n(?:.*?\n)?(?:---|\.\.\.)[ \t]*$"
    r"|^ {0,3}(?:(?P<ticks>`{3,})[^`\n]*|(?P<tildes>~{3,})[^\n]*)$"
    r".*?(?:^ {0,3}(?:(?P=ticks)`*|(?P=tildes)~*)[ \t]*$|\Z)"
    r"|^ {0,3}<!--.*?(?:-->[^\n]*|\Z)"
    r"|^ {0,3}<(?:pre|script|style|textarea)(?=[\s>]|$).*?(?:</(?:pre|script|style|textarea)>[^\n]*|\Z)"
    rf"|^ {{0,3}}</?(?:{_BLOCK_TAGS})(?=[\s>]|/>|$).*?(?=\n[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_HASHES = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?")
_UNDERLINE = re.compile(r" {0,3}(?:(=+)|-+)[ \t]*")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}")
_QUOTE_OR_ITEM = re.compile(r" {0,3}(?:>|(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$))")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()]*\)")
_LINK = re.compile(r"\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_EMPHASIS = re.compile(r"(?<!\\)(\*{1,3})(?=\S)(.+?)(?<![\s\\])\1|(?<![\w\\])(_{1,3})(?=\S)(.+?)(?<![\s\\])\3(?!\w)")


def markdown_headings(text: str) -> list[dict[str, int | str]]:
    """List the headings of a Markdown text with their levels, titles and anchors, for a table of contents.

    Headings are those of CommonMark: lines that begin with one to six `#` and a space, and paragraphs underlined
    with `=` (level 1) or `-` (level 2). What stands in fenced or indented code, in a block or comment of HTML, behind
    the mark of a quote or a list item, or in YAML front matter is no heading. Titles are plain: of a link its text
    stays, images go, and so do the marks of code and emphasis. Anchors are those that GitHub makes: small letters,
    digits, hyphens and underscores, spaces as hyphens, other characters left out, and `-1`, `-2` and so on behind
    one that was given before.

    Args:
        text: The Markdown text.

    Returns:
        For each heading in order an object with `level` (1 to 6), `title` and `anchor`.
    """
    found: list[dict[str, int | str]] = []
    given: dict[str, int] = {}
    for level, source in _headings(_NO_PROSE.sub("\n", text.replace("\r\n", "\n"))):
        title = _plain(source)
        found.append({"level": level, "title": title, "anchor": _anchor(title, given)})
    return found


def _headings(text: str) -> list[tuple[int, str]]:
    """Level and source of each heading."""
    found: list[tuple[int, str]] = []
    paragraph: list[str] = []
    nested = False  # in a quote or a list item, up to the next blank line
    for line in text.split("\n"):
        hashes, underline = _HASHES.fullmatch(line), _UNDERLINE.fullmatch(line)
        if hashes:
            found.append((len(hashes[1]), _unclosed(hashes[2] or "")))
        elif paragraph and underline:
            found.append((1 if underline[1] else 2, " ".join(paragraph)))
        elif nested or (_QUOTE_OR_ITEM.match(line) and not _RULE.fullmatch(line)):
            nested = bool(line.strip())
            paragraph = []
            continue
        elif line.strip() and not _RULE.fullmatch(line):
            if paragraph or not re.match(r" {0,3}\t| {4}", line):  # else it is indented code
                paragraph.append(line.strip())
            continue
        paragraph, nested = [], False
    return found


def _unclosed(title: str) -> str:
    """The title without the `#` at its end that a space sets apart."""
    bare = title.strip().rstrip("#")
    return bare.strip() if bare[-1:] in ("", " ", "\t") else title.strip()


def _plain(source: str) -> str:
    """The title without images, links and the marks of code and emphasis."""
    parts = _CODE.split(_LINK.sub(r"\1", _IMAGE.sub("", source)))  # text, ticks and code in turn
    for place in range(0, len(parts), 3):
        for _ in "ab":  # emphasis within emphasis
            parts[place] = _EMPHASIS.sub(lambda match: match[2] or match[4], parts[place])
        parts[place] = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", parts[place])
    return "".join(part for place, part in enumerate(parts) if place % 3 != 1).strip()


def _anchor(title: str, given: dict[str, int]) -> str:
    kept = (c for c in title.lower() if c in " -_" or unicodedata.category(c)[0] in "LMN")
    base = anchor = "".join(kept).replace(" ", "-")
    while anchor in given:
        given[base] += 1
        anchor = f"{base}-{given[base]}"
    given[anchor] = 0
    return anchor
