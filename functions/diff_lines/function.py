"""What changed between two texts, as a unified diff."""

import difflib
import re


def diff_lines(old: str, new: str, context: int = 3) -> str:
    r"""Compare two texts line by line and give the difference as a unified diff.

    The form is that of `diff -u` (POSIX), so that `patch` can apply it: the headers `--- old` and `+++ new`, then
    blocks that begin with the line numbers, such as `@@ -1,3 +1,4 @@`, and hold lines marked with `-` where they
    are only in the old text, with `+` where they are only in the new one, and with a space where they are in
    both. A last line without a line end is followed by `\ No newline at end of file`. Lines end at LF.

    Args:
        old: The text before.
        new: The text after.
        context: How many unchanged lines are shown before and after each change.

    Returns:
        The diff; empty where the texts are equal.

    Raises:
        ValueError: `context` is less than 0.
    """
    if context < 0:
        raise ValueError(f"context must be at least 0, not {context}")
    lines = difflib.unified_diff(_lines(old), _lines(new), "old", "new", n=context)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """The lines with their ends. `splitlines` would also split at form feeds and the like."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
