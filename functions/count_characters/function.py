"""How long a text is, in characters."""

import re
import unicodedata


def count_characters(text: str) -> dict[str, int]:
    """Count the characters of a text, with and without spaces, and its letters, digits and lines.

    A letter with its accents is one character, however it is stored, and so is a line end: LF, CR LF or CR. Spaces
    are white space of every kind, line ends included. Letters and digits are those of any script. An emoji that is
    put together of several characters counts as those. A line that the text ends with needs no line end.

    Args:
        text: The text.

    Returns:
        `characters`, all of them; `without_spaces`; `letters`; `digits`; `lines`. All are 0 for an empty text.
    """
    plain = unicodedata.normalize("NFC", re.sub(r"\r\n?", "\n", text))
    visible = [each for each in plain if not unicodedata.combining(each)]
    return {
        "characters": len(visible),
        "without_spaces": sum(not each.isspace() for each in visible),
        "letters": sum(each.isalpha() for each in visible),
        "digits": sum(each.isdecimal() for each in visible),
        "lines": plain.count("\n") + bool(plain and plain[-1] != "\n"),
    }
