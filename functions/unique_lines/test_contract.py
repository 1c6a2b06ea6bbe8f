"""What `unique_lines` promises in its description, checked without a look at how it does it."""

from function import unique_lines


def test_a_shopping_list():
    """What stands twice on a list stands there once afterwards."""
    assert unique_lines("milk\nbread\nmilk\neggs") == "milk\nbread\neggs"


def test_all_the_same():
    """Many equal lines become one."""
    assert unique_lines("x\nx\nx\nx") == "x"


def test_places_are_kept():
    """The first of its kind stays where it is, and nothing is put in order."""
    assert unique_lines("zebra\nant\nzebra\nbee\nant") == "zebra\nant\nbee"


def test_whole_lines_are_compared():
    """A line that another begins with or holds is another line."""
    assert unique_lines("ann\nanna\njo anna\nann") == "ann\nanna\njo anna"


def test_words_within_a_line_may_repeat():
    """Only lines are compared, not words."""
    assert unique_lines("bye bye\nbye bye bye") == "bye bye\nbye bye bye"


def test_letters_in_another_case():
    """`A@x.pl` and `a@x.pl` are two lines."""
    assert unique_lines("A@x.pl\na@x.pl\nA@x.pl") == "A@x.pl\na@x.pl"


def test_blanks_at_the_ends():
    """A blank more makes another line."""
    assert unique_lines("one\none \n one\none ") == "one\none \n one"


def test_blank_lines():
    """Paragraphs lose their blank lines but for the first."""
    assert unique_lines("one\n\ntwo\n\nthree") == "one\n\ntwo\nthree"


def test_the_end_of_the_text():
    """A line end at the end is kept and none is added, and the last line counts with and without."""
    assert unique_lines("one\ntwo\none\n") == "one\ntwo\n"
    assert unique_lines("one\ntwo\none") == "one\ntwo"
    assert unique_lines("one\none\n") == "one\n"


def test_files_of_windows():
    """A carriage return does not tell two lines apart, and does not come out."""
    assert unique_lines("one\r\ntwo\none\ntwo\r\n") == "one\ntwo\n"


def test_very_little():
    """An empty text stays empty, a line alone stays."""
    assert unique_lines("") == ""
    assert unique_lines("one") == "one"


def test_many_lines():
    """Ten thousand lines of a hundred kinds become a hundred."""
    text = "\n".join(str(number % 100) for number in range(10_000))
    assert unique_lines(text) == "\n".join(str(number) for number in range(100))
