"""What access_log_status promises."""

from function import access_log_status

COMMON = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326'
COMBINED = COMMON + ' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'


def line(status: str = "200", size: str = "5", asked: str = "GET / HTTP/1.1", time: str = "") -> str:
    """A line in the common format."""
    return f'::1 - - [{time or "01/Jan/2026:00:00:00 +0000"}] "{asked}" {status} {size}'


def test_both_formats():
    """The documentation's examples of the Common and the Combined Log Format count."""
    assert access_log_status(COMMON) == {"200": 1, "malformed": 0}
    assert access_log_status(f"{COMBINED}\n{COMMON}") == {"200": 2, "malformed": 0}


def test_codes_ascend():
    """The codes come in ascending order, malformed lines last."""
    text = "\n".join([line("500"), "oops", line("200"), line("404"), line("200"), line("301")])
    counts = access_log_status(text)
    assert list(counts.items()) == [("200", 2), ("301", 1), ("404", 1), ("500", 1), ("malformed", 1)]


def test_nothing():
    """A log without lines has no malformed ones."""
    assert access_log_status("") == {"malformed": 0}
    assert access_log_status("\n  \n\t\r\n") == {"malformed": 0}


def test_line_ends_and_blanks():
    """Line ends of both kinds and blanks around a line do not matter; other separators do not end a line."""
    assert access_log_status(f"{line()}\r\n  {line()}  \n\n{line()}") == {"200": 3, "malformed": 0}
    assert access_log_status(line(asked="GET /\x85\u2028 HTTP/1.1")) == {"200": 1, "malformed": 0}


def test_codes_from_100_to_599():
    """Every code in the range counts under its own name."""
    for status in ["100", "199", "304", "499", "599"]:
        assert access_log_status(line(status)) == {status: 1, "malformed": 0}


def test_other_codes():
    """What is no such code makes the line malformed."""
    for status in ["099", "600", "000", "20", "2000", "-", "", "2OO", "２00", "200 200"]:
        assert access_log_status(line(status)) == {"malformed": 1}


def test_bytes():
    """The number of bytes may be a hyphen."""
    for size, status in [("-", "204"), ("0", "200"), ("123456789012", "200")]:
        assert access_log_status(line(status, size)) == {status: 1, "malformed": 0}


def test_other_sizes():
    """Anything else in the place of the bytes makes the line malformed."""
    for size in ["", "--", "1.5", "-1", "5 -", "5x"]:
        assert access_log_status(line(size=size)) == {"malformed": 1}


def test_requests():
    """The request may be anything within its quotes, escaped quotes and backslashes included."""
    for asked in ["", "-", r"GET /\"a\" HTTP/1.1", r"\x16\x03\x01", "GET /zażółć HTTP/1.1", "a\\\\"]:
        assert access_log_status(line(asked=asked)) == {"200": 1, "malformed": 0}


def test_broken_quotes():
    """A bare quotation mark in the request, or one escaped at its end, makes the line malformed."""
    for asked in ['GET /"a" HTTP/1.1', "a\\", '"']:
        assert access_log_status(line(asked=asked)) == {"malformed": 1}


def test_other_times():
    """A time of another form makes the line malformed."""
    for time in [
        "1/Jan/2026:00:00:00 +0000",
        "01/Foo/2026:00:00:00 +0000",
        "01/01/2026:00:00:00 +0000",
        "01/Jan/26:00:00:00 +0000",
        "01/Jan/2026 00:00:00 +0000",
        "01/Jan/2026:00:00:00",
        "2026-01-01T00:00:00Z",
    ]:
        assert access_log_status(line(time=time)) == {"malformed": 1}


def test_every_month():
    """The twelve English abbreviations are months."""
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    text = "\n".join(line(time=f"31/{month}/2026:23:59:59 -0330") for month in months)
    assert access_log_status(text) == {"200": 12, "malformed": 0}


def test_malformed_lines():
    """A line that lacks a field, or has one more, is malformed, and the others still count."""
    for text in [
        "hello",
        COMMON[:-5],
        COMMON.replace("127.0.0.1 ", ""),
        f"example.com:80 {COMMON}",
        f'{COMMON} "only a referer"',
        f"{COMBINED} 0.003",
        f'{COMBINED} "-"',
        COMMON.replace('"', ""),
        COMMON.replace("[", "").replace("]", ""),
    ]:
        assert access_log_status(f"{text}\n{COMMON}") == {"200": 1, "malformed": 1}
