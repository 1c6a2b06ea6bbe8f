"""The web addresses that a text mentions."""

import re

# What RFC 3986 keeps out of addresses, and quotes. A character reference for one of them ends an address too.
_NEVER = r"\s<>\"`\\^{|}“”„«»‹›"
_END = r"(?!&(?:lt|gt|quot|apos|nbsp|#0*(?:34|39)|#x0*2[27]);)"
_START = re.compile(r"(?<![A-Za-z0-9+])https?://(?=[^\W_]|\[[0-9A-Fa-f:.]+\])", re.IGNORECASE)
# A bracket, or what stands up to the next one: in general, and behind an apostrophe.
_PIECE = re.compile(rf"[()\[\]]|(?:{_END}[^{_NEVER}()\[\]])+", re.IGNORECASE)
_QUOTED_PIECE = re.compile(rf"[()\[\]]|(?:{_END}[^{_NEVER}()\[\]'])+", re.IGNORECASE)
_CLOSING = {")": "(", "]": "["}
_TRAILING = ".,:;!?*_~'’…"


def extract_links(text: str) -> list[str]:
    """Extract the distinct http and https links from a text, Markdown or HTML, in order of first appearance.

    A link begins with `http://` or `https://` in any case and ends before white space, a quote, an angle bracket or
    another character that RFC 3986 does not allow, and before a closing bracket that was not opened within it.
    Punctuation behind it (`. , : ; ! ? * _ ~ '` and dots or apostrophes of typography) is not part of it. `&amp;`
    counts as `&`. Otherwise links stay as written; letters of any script are accepted.

    Args:
        text: The text to search.

    Returns:
        The links, each once; empty where there is none.
    """
    found = []
    place = 0
    while match := _START.search(text, place):
        quoted = text[match.start() - 1 : match.start()] == "'"
        place = _end_of(text, match.end(), _QUOTED_PIECE if quoted else _PIECE)
        found.append(text[match.start() : place].replace("&amp;", "&").rstrip(_TRAILING))
    return list(dict.fromkeys(found))


def _end_of(text: str, place: int, pieces: re.Pattern[str]) -> int:
    """Where the address ends that goes on at the place."""
    opened: list[str] = []
    while piece := pieces.match(text, place):
        if piece[0] in _CLOSING.values():
            opened.append(piece[0])
        elif piece[0] in _CLOSING and (not opened or opened.pop() != _CLOSING[piece[0]]):
            break
        place = piece.end()
    return place
