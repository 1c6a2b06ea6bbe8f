"""What `diff_lines` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import diff_lines


def test_equal_texts():
    """Equal texts have no difference; a line end at the end is one."""
    assert diff_lines("", "") == ""
    assert diff_lines("a\nb", "a\nb", 0) == ""
    assert diff_lines("a", "a\n") != ""


def test_a_changed_line():
    """The old line is marked with a hyphen, the new one behind it with a plus."""
    assert diff_lines("a\nb\nc\n", "a\nx\nc\n") == "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"


def test_an_added_line():
    """Only the new text has a line that was added."""
    assert diff_lines("a\nc\n", "a\nb\nc\n") == "--- old\n+++ new\n@@ -1,2 +1,3 @@\n a\n+b\n c\n"


def test_a_removed_line():
    """Only the old text has a line that was removed."""
    assert diff_lines("a\nb\nc\n", "a\nc\n") == "--- old\n+++ new\n@@ -1,3 +1,2 @@\n a\n-b\n c\n"


def test_from_nothing_and_to_nothing():
    """An empty text has the line number 0 and no lines; a single line goes without a count."""
    assert diff_lines("", "a\nb\n") == "--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n"
    assert diff_lines("a\n", "") == "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n"
    assert diff_lines("a\n", "b\n") == "--- old\n+++ new\n@@ -1 +1 @@\n-a\n+b\n"


def test_three_lines_of_context():
    """Three unchanged lines are shown on both sides, and no more."""
    old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
    expected = "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"
    assert diff_lines(old, old.replace("5", "x")) == expected


def test_other_context():
    """The number of unchanged lines can be chosen, down to none."""
    old = "1\n2\n3\n4\n5\n"
    new = "1\n2\nx\n4\n5\n"
    assert diff_lines(old, new, 1) == "--- old\n+++ new\n@@ -2,3 +2,3 @@\n 2\n-3\n+x\n 4\n"
    assert diff_lines(old, new, context=0) == "--- old\n+++ new\n@@ -3 +3 @@\n-3\n+x\n"
    assert diff_lines(old, new, 99) == "--- old\n+++ new\n@@ -1,5 +1,5 @@\n 1\n 2\n-3\n+x\n 4\n 5\n"


def test_changes_far_apart():
    """Changes with more unchanged lines between them than are shown have blocks of their own."""
    old = "a\n1\n2\n3\nb\n"
    new = "A\n1\n2\n3\nB\n"
    expected = "--- old\n+++ new\n@@ -1,2 +1,2 @@\n-a\n+A\n 1\n@@ -4,2 +4,2 @@\n 3\n-b\n+B\n"
    assert diff_lines(old, new, 1) == expected


def test_changes_close_together():
    """Changes whose shown lines meet share a block."""
    expected = "--- old\n+++ new\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n-b\n+B\n"
    assert diff_lines("a\n1\n2\nb\n", "A\n1\n2\nB\n", 1) == expected


def test_a_last_line_without_a_line_end():
    """The line that lacks its line end is followed by a note, on each side that lacks it."""
    note = "\\ No newline at end of file\n"
    head = "--- old\n+++ new\n"
    assert diff_lines("a", "a\n") == f"{head}@@ -1 +1 @@\n-a\n{note}+a\n"
    assert diff_lines("a\n", "a") == f"{head}@@ -1 +1 @@\n-a\n+a\n{note}"
    assert diff_lines("a", "b") == f"{head}@@ -1 +1 @@\n-a\n{note}+b\n{note}"
    assert diff_lines("a\nz", "b\nz") == f"{head}@@ -1,2 +1,2 @@\n-a\n+b\n z\n{note}"


def test_only_lf_ends_a_line():
    """Other separators are characters of the line: a CR before LF is a difference."""
    assert diff_lines("a\r\n", "a\n") == "--- old\n+++ new\n@@ -1 +1 @@\n-a\r\n+a\n"
    assert diff_lines("a\u2028b\x0cc\rd\n", "x\n") == "--- old\n+++ new\n@@ -1 +1 @@\n-a\u2028b\x0cc\rd\n+x\n"


def test_blanks_and_empty_lines_count():
    """Spaces are part of a line, and empty lines are lines."""
    assert diff_lines("a \n", "a\n") == "--- old\n+++ new\n@@ -1 +1 @@\n-a \n+a\n"
    assert diff_lines("\n", "\n\n", 0).splitlines()[3:] == ["+"]


def test_lines_that_look_like_marks():
    """Lines that begin with a mark keep it behind their own."""
    assert diff_lines("-a\n", "+a\n") == "--- old\n+++ new\n@@ -1 +1 @@\n--a\n++a\n"


def test_negative_context():
    """Fewer than no lines cannot be shown, whatever the texts."""
    for old, new in (("a\n", "b\n"), ("a\n", "a\n")):
        with pytest.raises(ValueError, match=r"\S"):
            diff_lines(old, new, -1)
