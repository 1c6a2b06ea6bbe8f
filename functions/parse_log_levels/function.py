"""How many lines of a log stand at which level."""

import json
import re
from collections import Counter

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_NAMES = {
    **{level: level for level in _LEVELS},
    "WARN": "WARNING",
    "ERR": "ERROR",
    "CRIT": "CRITICAL",
    "FATAL": "CRITICAL",
}
_KEYS = ("level", "severity", "levelname", "lvl", "log.level")
_NAME = "|".join(_NAMES)
_KEY = "|".join(map(re.escape, _KEYS))
_PAIR = re.compile(r'(?<![\w.])([\w.]+)=("(?:[^"\\]|\\.)*"|\S*)')
# Outside of brackets and keys only capitals count: "no error found" is a message, not a level.
_MARK = re.compile(
    rf"""(?<![\w.-])(?i:{_KEY})["']?\s*[=:]\s*["']?(?P<keyed>(?i:{_NAME}))(?!\w)"""
    rf"""|\[\s*(?P<bracketed>(?i:{_NAME}))\s*\]"""
    rf"""|^\s*(?P<leading>(?i:{_NAME})):"""
    rf"""|(?<![\w-])(?P<plain>{_NAME})(?![\w-])"""
)


def parse_log_levels(text: str) -> dict[str, int]:
    """Count the lines of a log per level: DEBUG, INFO, WARNING, ERROR and CRITICAL.

    Understands plain (`INFO started`), bracketed (`[error] failed`), key=value (`level=warn`) and JSON lines.
    WARN counts as WARNING, ERR as ERROR, CRIT and FATAL as CRITICAL. A line counts once, by the first level
    it carries; a line without a level, such as one of a traceback, is not counted.

    Args:
        text: The log, one entry a line.

    Returns:
        The number of lines of each level that occurs, the least severe first.
    """
    counts = Counter(level for line in text.split("\n") if (level := _level(line.strip())))
    return {level: counts[level] for level in _LEVELS if counts[level]}


def _level(line: str) -> str | None:
    if line.startswith("{"):
        try:
            return _level_among(json.loads(line))
        except ValueError:
            pass  # cut off or not JSON after all: its level may still be legible
    if _PAIR.match(line):
        fields = {key: value.strip('"') for key, value in _PAIR.findall(line)}
        return _level_among(fields) or _level_marked(_PAIR.sub("", line))
    return _level_marked(line)


def _level_among(fields: dict[str, object]) -> str | None:
    """The level of an entry, by the first of the usual keys that it has."""
    lowered = {key.lower(): value for key, value in fields.items()}
    names = (lowered[key] for key in _KEYS if key in lowered)
    return _NAMES.get(str(next(names, "")).strip().upper())


def _level_marked(line: str) -> str | None:
    mark = _MARK.search(line)
    return _NAMES[mark[mark.lastgroup or 0].upper()] if mark else None
