"""The lines of a text, each once."""

import re


def unique_lines(text: str) -> str:
    """Remove duplicate lines from a text: of lines that are the same the first stays, in its place.

    Lines are the same where every character is, blanks and case included; empty lines count as any other, so the
    first of them stays. Lines end at LF, CR LF or CR.

    Args:
        text: The text.

    Returns:
        The lines that stay in their order, with LF between them, and at the end where the text has a line end there.
    """
    lines = re.split(r"\r\n?|\n", text)
    ended = len(lines) > 1 and not lines[-1]
    kept = dict.fromkeys(lines[:-1] if ended else lines)
    return "\n".join(kept) + "\n" * ended
