"""What `parse_log_levels` promises in its description, checked without a look at how it does it."""

from function import parse_log_levels


def test_nothing_to_count():
    """An empty log, and one without levels, give no counts."""
    assert parse_log_levels("") == {}
    assert parse_log_levels("\n\nhello\n") == {}


def test_every_level():
    """Each of the five levels is known by its own name."""
    text = "DEBUG a\nINFO b\nWARNING c\nERROR d\nCRITICAL e\n"
    assert parse_log_levels(text) == {"DEBUG": 1, "INFO": 1, "WARNING": 1, "ERROR": 1, "CRITICAL": 1}


def test_the_least_severe_comes_first():
    """The order is by severity, not by appearance."""
    text = "CRITICAL a\nERROR b\nWARNING c\nINFO d\nDEBUG e\n"
    assert list(parse_log_levels(text)) == ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    assert list(parse_log_levels("ERROR a\nINFO b\n")) == ["INFO", "ERROR"]


def test_lines_of_a_level_add_up():
    """Every line counts, and levels that do not occur are left out."""
    assert parse_log_levels("INFO a\nINFO b\nERROR c\nINFO d") == {"INFO": 3, "ERROR": 1}


def test_short_names():
    """WARN is WARNING, ERR is ERROR, CRIT and FATAL are CRITICAL."""
    assert parse_log_levels("WARN a\nWARNING b\n") == {"WARNING": 2}
    assert parse_log_levels("ERR a\nERROR b\n") == {"ERROR": 2}
    assert parse_log_levels("CRIT a\nFATAL b\nCRITICAL c\n") == {"CRITICAL": 3}


def test_plain_lines_with_a_time():
    """The level may stand behind a date, a time and a name."""
    assert parse_log_levels("2026-03-01 12:00:00,123 app.web WARNING slow\n") == {"WARNING": 1}
    assert parse_log_levels("2026-03-01T12:00:00Z DEBUG: start\n") == {"DEBUG": 1}


def test_bracketed_lines():
    """A level in brackets counts in any case."""
    assert parse_log_levels("[error] refused\n[ERROR] refused\n[Info] ok\n") == {"INFO": 1, "ERROR": 2}
    assert parse_log_levels("[2026-03-01 12:00:00] [warn] slow\n") == {"WARNING": 1}


def test_key_value_lines():
    """`level=` names the level, wherever it stands in the line."""
    assert parse_log_levels("level=info msg=ok\n") == {"INFO": 1}
    assert parse_log_levels('time=12:00:00 level=error msg="disk full"\n') == {"ERROR": 1}
    assert parse_log_levels('level="warning" msg=slow\n') == {"WARNING": 1}


def test_json_lines():
    """A JSON line has the level that its key says, in any case."""
    assert parse_log_levels('{"level": "ERROR", "msg": "x"}\n') == {"ERROR": 1}
    assert parse_log_levels('{"msg": "x", "level":"debug"}\n') == {"DEBUG": 1}
    assert parse_log_levels('{"level": "info", "msg": "ERROR again"}\n') == {"INFO": 1}


def test_a_line_counts_once():
    """The first level in a line decides."""
    assert parse_log_levels("INFO recovered from ERROR and WARNING\n") == {"INFO": 1}
    assert parse_log_levels("ERROR ERROR ERROR\n") == {"ERROR": 1}


def test_tracebacks_are_not_counted():
    """Lines that belong to an error above them carry no level of their own."""
    text = 'ERROR failed\nTraceback (most recent call last):\n  File "a.py", line 1, in <module>\nValueError: bad\n'
    assert parse_log_levels(text) == {"ERROR": 1}


def test_words_that_only_contain_a_level():
    """A level is a word of its own."""
    assert parse_log_levels("INFORMATION for you\nTERRORS\nDEBUGGER attached\n") == {}


def test_line_ends():
    """Line ends of other systems separate lines too, and blank lines count nothing."""
    assert parse_log_levels("INFO a\r\nERROR b\r\n\r\nINFO c") == {"INFO": 2, "ERROR": 1}
