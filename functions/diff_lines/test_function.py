"""What diff_lines promises."""

import pytest
from function import diff_lines

LINES = [f"{number}\n" for number in range(1, 21)]
OLD = "".join(LINES)
NEW = OLD.replace("10\n", "ten\n")


def test_a_changed_line():
    """The old line goes, the new one comes, and the others stand around them."""
    assert diff_lines("a\nb\nc\n", "a\nB\nc\n") == "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"


@pytest.mark.parametrize("text", ["", "\n", "a\nb", "a\nb\n"])
def test_equal_texts(text: str):
    """Texts that are equal have no difference, and with a line more they have one."""
    assert diff_lines(text, text) == ""
    assert diff_lines(text, text + "\nx\n") != ""


def test_added_lines():
    """Lines that are only in the new text have a plus, and a block of one line gives no length."""
    assert diff_lines("a\n", "a\nb\nc\n") == "--- old\n+++ new\n@@ -1 +1,3 @@\n a\n+b\n+c\n"


def test_removed_lines():
    """Lines that are only in the old text have a minus."""
    assert diff_lines("a\nb\nc\n", "c\n") == "--- old\n+++ new\n@@ -1,3 +1 @@\n-a\n-b\n c\n"


def test_from_and_to_nothing():
    """An empty text has the range 0,0."""
    assert diff_lines("", "a\nb\n") == "--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n"
    assert diff_lines("a\n", "") == "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n"


def test_three_lines_of_context():
    """Three unchanged lines are shown on either side where nothing else is asked for."""
    assert diff_lines(OLD, NEW) == ("--- old\n+++ new\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n")


@pytest.mark.parametrize(
    ("context", "block"),
    [(0, "@@ -10 +10 @@\n-10\n+ten\n"), (1, "@@ -9,3 +9,3 @@\n 9\n-10\n+ten\n 11\n")],
)
def test_other_context(context: int, block: str):
    """As many unchanged lines are shown as asked for, none included."""
    assert diff_lines(OLD, NEW, context) == f"--- old\n+++ new\n{block}"


def test_distant_changes_stand_in_blocks_of_their_own():
    """Changes with more unchanged lines between them than twice the context are apart, nearer ones together."""
    new = OLD.replace("5\n", "five\n", 1).replace("12\n", "twelve\n")
    assert diff_lines(OLD, new, 3).count("@@ -") == 1
    assert diff_lines(OLD, new, 2).count("@@ -") == 2


@pytest.mark.parametrize(
    ("old", "new", "block"),
    [
        ("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"),
        ("a\n", "a", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"),
        ("a\nx", "b\nx", "@@ -1,2 +1,2 @@\n-a\n+b\n x\n\\ No newline at end of file\n"),
    ],
)
def test_a_last_line_without_end(old: str, new: str, block: str):
    """Where the last line has no end, the next line of the diff says so."""
    assert diff_lines(old, new) == f"--- old\n+++ new\n{block}"


def test_empty_lines_count():
    """An empty line is a line."""
    assert diff_lines("a\nb\n", "a\n\nb\n") == "--- old\n+++ new\n@@ -1,2 +1,3 @@\n a\n+\n b\n"


def test_only_line_feeds_end_lines():
    """Form feeds, carriage returns and other separators are part of their line."""
    assert diff_lines("a\fb\u2028c\rd\n", "a\fb\u2028c\rD\n") == (
        "--- old\n+++ new\n@@ -1 +1 @@\n-a\fb\u2028c\rd\n+a\fb\u2028c\rD\n"
    )


def test_lines_that_look_like_marks():
    """Lines that begin with plus or minus keep it behind the mark."""
    assert diff_lines("-a\n", "+a\n") == "--- old\n+++ new\n@@ -1 +1 @@\n--a\n++a\n"


def test_negative_context_is_refused():
    """Less than no context is an error that names the number."""
    with pytest.raises(ValueError, match=r"^context must be at least 0, not -1$"):
        diff_lines("a", "b", -1)
