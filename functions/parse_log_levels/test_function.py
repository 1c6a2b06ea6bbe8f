"""What parse_log_levels promises."""

import pytest
from function import parse_log_levels


def test_plain_lines():
    """A level in capitals after a time stamp counts once a line."""
    log = """2026-03-01 12:00:00,123 INFO started
2026-03-01 12:00:01,000 ERROR disk full
2026-03-01 12:00:02,000 INFO stopped
"""
    assert parse_log_levels(log) == {"INFO": 2, "ERROR": 1}


def test_levels_stand_in_order_of_severity():
    """The result goes from the least severe level to the most severe, whatever the log's order."""
    counts = parse_log_levels("CRITICAL a\nERROR b\nWARNING c\nINFO d\nDEBUG e\nDEBUG f")
    assert list(counts.items()) == [("DEBUG", 2), ("INFO", 1), ("WARNING", 1), ("ERROR", 1), ("CRITICAL", 1)]


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("DEBUG", "DEBUG"),
        ("WARN", "WARNING"),
        ("FATAL", "CRITICAL"),
        ("ERR", "ERROR"),
        ("CRIT", "CRITICAL"),
        ("WARNING", "WARNING"),
    ],
)
def test_other_names_of_levels(name: str, level: str):
    """Other names count as the level they mean, in each format."""
    small = name.lower()
    lines = [f"12:00 {name} x", f"[{small}] x", f"{small}: x", f"level={small} x", f"x level={small}"]
    assert parse_log_levels("\n".join([*lines, f'{{"level": "{name.title()}"}}'])) == {level: 6}


@pytest.mark.parametrize(
    "line",
    [
        "2026/03/01 12:00:00 [error] 123#0: open() failed",
        "[ ERROR ] padded",
        "[main] [Error] mixed case",
        "ERROR:root:message",
        "error: lower case before a colon",
        "  Error: indented",
        "12:00 server level=error path=/",
        "12:00 server severity: ERROR path=/",
        "ERROR",
    ],
)
def test_formats(line: str):
    """Bracketed, leading, keyed and bare levels are each understood."""
    assert parse_log_levels(line) == {"ERROR": 1}


@pytest.mark.parametrize(
    "line",
    [
        'time=12:00 level=info msg="ERROR level=error"',
        'msg="ERROR happened, level=error" level=info',
        'msg="a \\" ERROR" LEVEL="Info"',
        "12:00 INFO handled ERROR with level=debug",
        "12:00 [info] handled ERROR",
        'user=anna msg="an ERROR" INFO done',
        "sublevel=error 12:00 INFO x",
    ],
)
def test_message_does_not_change_the_level(line: str):
    """A line counts by the level it carries, not by level words in its message."""
    assert parse_log_levels(line) == {"INFO": 1}


@pytest.mark.parametrize("key", ["level", "severity", "levelname", "lvl", "log.level", "Level"])
def test_keys(key: str):
    """The usual names of the level's field are known in JSON and in key=value lines, first or not."""
    log = f'{{"{key}": "warn", "msg": "ERROR"}}\n{key}=warn msg=ERROR\nts=1 {key}=warn'
    assert parse_log_levels(log) == {"WARNING": 3}


def test_json_lines():
    """A JSON line counts by its own level field, not by text or objects inside it."""
    log = """{"msg": "level=error", "level": "info"}
{"msg": "ERROR [error]", "nested": {"level": "error"}}
{"level": 50, "msg": "numbers are no names"}
{"level": null}
  {"msg": "ERROR", "severity": " DEBUG "}"""
    assert parse_log_levels(log) == {"DEBUG": 1, "INFO": 1}


def test_json_line_cut_off():
    """A JSON line that lost its end still counts where its level is legible."""
    assert parse_log_levels('{"level":"error","msg":"too lo\n{\'level\': \'info\'}\n{ braces } DEBUG x') == {
        "DEBUG": 1,
        "INFO": 1,
        "ERROR": 1,
    }


@pytest.mark.parametrize(
    "text",
    [
        "no error found",
        "Traceback (most recent call last):\n  File x\nValueError: bad",
        "INFORMATION ERRORS PRE-ERROR ERROR-FREE MY_ERROR",
        "level=trace msg=ERROR",
        "[errors] level=warnings",
        '12\n"text"\nnull\n[1]\n{}',
        "",
    ],
)
def test_lines_without_a_level_do_not_count(text: str):
    """Small letters, parts of words and unknown levels are not levels."""
    assert parse_log_levels(text + "\nDEBUG end") == {"DEBUG": 1}


def test_line_ends():
    """Lines end at a line feed, with or without a carriage return, and the last needs none."""
    assert parse_log_levels("INFO a\r\n\r\nlevel=info\r\n[info]\nINFO") == {"INFO": 4}


def test_unicode_separators_do_not_end_a_line():
    """A line separator inside a message does not make a second line."""
    assert parse_log_levels("INFO a\u2028ERROR b\x85ERROR c\n") == {"INFO": 1}


def test_empty_log():
    """A log without lines, and one whose lines carry no level, give an empty result; one more line shows."""
    counts = [parse_log_levels(text) for text in ("", "\n\n", "nothing\n", "nothing\nINFO x")]
    assert counts == [{}, {}, {}, {"INFO": 1}]
