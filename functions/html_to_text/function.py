"""The text that a reader of an HTML page sees."""

import re
from html.parser import HTMLParser

_UNSEEN = ("script", "style", "template", "title")
_PARAGRAPHS = ("p", "h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = (
    *("address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl", "dt"),
    *("fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "li", "main", "nav", "ol"),
    *("pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"),
)
# What stands between pieces of text until it is known what a run of it comes to.
_BLANK, _CELL, _BREAK, _BLOCK, _PARAGRAPH = "\x1b\x1c\x1d\x1e\x1f"


def html_to_text(html: str) -> str:
    """Turn HTML into readable plain text, without tags, scripts and styles.

    Character references such as `&amp;` become what they stand for. As in HTML, white space collapses to one
    space, except in `pre`; a no-break space becomes a space that stays. Paragraphs and headings have an empty
    line around them, other blocks such as `div`, `li` and `tr` stand on lines of their own, `br` ends a line, and
    a tab separates the cells of a table row. Comments and the contents of `script`, `style`, `template` and
    `title` are left out.

    Args:
        html: The page, or a piece of one; tags may be left open.

    Returns:
        The text, without empty lines or spaces at its start and end.
    """
    reader = _Reader()
    reader.feed(html.replace("\r\n", "\n"))
    reader.close()
    text = re.sub("[\x1b-\x1f]+", _border, "".join(reader.parts))
    return text.replace("\xa0", " ").strip("\n ")


def _border(run: re.Match[str]) -> str:
    """The white space that a run of marks comes to."""
    lines = max(run[0].count(_BREAK), 2 if _PARAGRAPH in run[0] else int(_BLOCK in run[0]))
    cells = re.split("[\x1d-\x1f]", run[0])[-1].count(_CELL)  # those of the row that begins here
    return "\n" * lines + "\t" * cells or " "


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.unseen = ""
        self.in_pre = False
        self.in_row = False

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if self.unseen:
            return
        if tag in _UNSEEN:
            self.unseen = tag
        if tag == "br":
            self.parts.append(_BREAK)
        if tag in ("td", "th"):
            self.parts.append(_CELL if self.in_row else "")
            self.in_row = True
        self.edge(tag, opening=True)

    def handle_endtag(self, tag: str) -> None:
        if tag == self.unseen:
            self.unseen = ""
        if not self.unseen:
            self.edge(tag, opening=False)

    def edge(self, tag: str, *, opening: bool) -> None:
        """A border before or behind a block."""
        if tag in _PARAGRAPHS or tag in _BLOCKS:
            self.parts.append(_PARAGRAPH if tag in _PARAGRAPHS else _BLOCK)
        if tag == "tr":
            self.in_row = False
        if tag == "pre":
            self.in_pre = opening

    def handle_data(self, data: str) -> None:
        if self.unseen:
            return
        seen = re.sub("[\x1b-\x1f]", "", data)
        self.parts.append(seen.replace("\n", _BREAK) if self.in_pre else re.sub("[ \t\n\r\f]+", _BLANK, seen))
