"""Returns a value whose every method misbehaves while it is encoded."""
# acceptable: result-not-json, exception, crash, timeout, value

import enum


class Text(str):
    def __str__(self):
        raise SystemExit

    __repr__ = __format__ = __hash__ = __str__


class Table(dict):
    def items(self):
        raise KeyboardInterrupt

    keys = values = __iter__ = items


class Kind(enum.Enum):
    ONE = object()


def attack():
    if len(Text("x")) == 1:
        return [Table(), Kind.ONE, Text("x")]
    return []
