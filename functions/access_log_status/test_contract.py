"""What `access_log_status` promises in its description, checked without a look at how it does it."""

import pytest
from function import access_log_status


def test_the_common_format():
    """The line that Apache's manual shows counts once."""
    line = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326'
    assert access_log_status(line) == {"200": 1, "malformed": 0}


def test_the_combined_format():
    """The same line with referer and user agent counts too."""
    line = (
        '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 404 2326 '
        '"http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
    )
    assert access_log_status(line) == {"404": 1, "malformed": 0}


def test_codes_ascend_and_malformed_is_last():
    """Each code that occurs has its number, the codes in order."""
    line = '::1 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/2.0" {} 1\n'
    found = access_log_status("".join(line.format(code) for code in (503, 200, 404, 200, 301, 200)))
    assert list(found.items()) == [("200", 3), ("301", 1), ("404", 1), ("503", 1), ("malformed", 0)]


def test_no_requests():
    """In an empty log nothing occurs, and nothing is malformed."""
    assert access_log_status("") == {"malformed": 0}
    assert access_log_status("\n \n\t\n") == {"malformed": 0}
    assert access_log_status("x") == {"malformed": 1}


@pytest.mark.parametrize(("code", "known"), [(99, 0), (100, 1), (599, 1), (600, 0), (1000, 0), (20, 0)])
def test_the_range_of_codes(code: int, known: int):
    """Codes are those from 100 to 599."""
    found = access_log_status(f'1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" {code} 5')
    assert found["malformed"] == 1 - known
    assert found.get(str(code), 0) == known


def test_no_bytes():
    """A hyphen stands for no bytes."""
    assert access_log_status('1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 304 -') == {
        "304": 1,
        "malformed": 0,
    }


def test_quotation_marks_within_quotes():
    """With a backslash they are part of the request, the referer or the user agent, numbers behind them too."""
    start = "1.2.3.4 - - [01/Jan/2026:00:00:00 +0000]"
    assert access_log_status(rf'{start} "GET /\" 500 1 HTTP/1.1" 200 5') == {"200": 1, "malformed": 0}
    assert access_log_status(rf'{start} "GET / HTTP/1.1" 200 5 "-" "say \"hi\" 404 7"') == {"200": 1, "malformed": 0}


def test_requests_that_are_none():
    """What a client sent may be anything, also nothing; the line is well formed."""
    start = "1.2.3.4 - - [01/Jan/2026:00:00:00 +0000]"
    assert access_log_status(f'{start} "-" 408 0') == {"408": 1, "malformed": 0}
    assert access_log_status(rf'{start} "\x16\x03\x01" 400 150 "-" "-"') == {"400": 1, "malformed": 0}


def test_other_lines_are_malformed():
    """Lines of another form, or that lack a field, count as malformed."""
    lines = [
        "connection reset by peer",
        '1.2.3.4 - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5',
        '1.2.3.4 - - "GET / HTTP/1.1" 200 5',
        "1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] GET / HTTP/1.1 200 5",
        '1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200',
        '1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" abc 5',
        '1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 five',
        '1.2.3.4 - - [2026-01-01 00:00:00] "GET / HTTP/1.1" 200 5',
        '1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1 200 5',
    ]
    assert [access_log_status(line) for line in lines] == [{"malformed": 1}] * len(lines)
    assert access_log_status("\n".join(lines)) == {"malformed": len(lines)}


def test_malformed_among_others():
    """A bad line does not disturb its neighbours."""
    good = '1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5'
    assert access_log_status(f"{good}\nbad\n\n{good}\nworse\n") == {"200": 2, "malformed": 2}


def test_blanks_around_a_line():
    """Blanks at the ends of a line, and the line ends of other systems, do not count."""
    good = '1.2.3.4 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5'
    assert access_log_status(f"  {good}\t\r\n{good}\r\n") == {"200": 2, "malformed": 0}


def test_hosts_and_users():
    """Names and addresses of either version may stand in front, and users may have names."""
    rest = '[01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 201 5'
    assert access_log_status(f"example.com ident anna@example.com {rest}") == {"201": 1, "malformed": 0}
    assert access_log_status(f"2001:db8::1 - - {rest}") == {"201": 1, "malformed": 0}
