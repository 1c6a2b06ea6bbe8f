"""A text with another in place of a part of it."""

import re


def replace_text(text: str, old: str, new: str, whole_words: bool = False) -> str:
    r"""Replace every occurrence of a word or phrase in a text by another one.

    Both are taken as they are: case counts, and neither a dot nor a backslash means anything else. What is put in
    is not searched again, and of occurrences that overlap the first is replaced.

    Args:
        text: The text.
        old: What to look for.
        new: What to put in its place, which may be empty.
        whole_words: True to leave it where a letter, a digit or an underscore stands directly before or after it.

    Returns:
        The text with all occurrences replaced.

    Raises:
        ValueError: `old` is empty.
    """
    if not old:
        raise ValueError("old must not be empty")
    if not whole_words:
        return text.replace(old, new)
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text)
