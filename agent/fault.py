"""Whose fault a failed run is: the caller's, who gave bad input, the host's, which did not serve, or the function's."""

import ast
from collections.abc import Mapping
from typing import Literal

from agent.source.signature import UnreadableSignature, parse
from registry import Version
from sandbox import Failure, FailureKind

Fault = Literal["", "caller", "function", "host"]
"""Empty where nothing failed."""

BAD_VALUES = frozenset(
    {
        "ValueError",
        "UnicodeError",
        "UnicodeDecodeError",
        "UnicodeEncodeError",
        "UnicodeTranslateError",
        "binascii.Error",
        "calendar.IllegalMonthError",
        "calendar.IllegalWeekdayError",
        "ipaddress.AddressValueError",
        "ipaddress.NetmaskValueError",
        "json.decoder.JSONDecodeError",
        "plistlib.InvalidFileException",
        "statistics.StatisticsError",
        "tomllib.TOMLDecodeError",
    }
)
"""`ValueError`, by which a function says that its input is bad, and those subclasses of it in the standard library
with which a parser says so. By name: the class itself stays in the sandbox."""


def fault_of(failure: Failure | None, version: Version, *, troubled: bool = False) -> Fault:
    """The caller's where the function refused its input as it may; the function's for whatever else went wrong.

    `troubled` says that what it asked of its host was not served, by no fault of its own: then a failure that may come
    of that is the host's.
    """
    if failure is None:
        return ""
    if failure.kind is FailureKind.EXCEPTION and refuses_input(failure, version):
        return "caller"
    return "host" if troubled and failure.kind in (FailureKind.EXCEPTION, FailureKind.TIMEOUT) else "function"


def refuses_input(failure: Failure, version: Version) -> bool:
    """True where the exception is one by which the function says that its input is bad."""
    name, specified = failure.exception, specified_errors(version)
    said = name in BAD_VALUES | specified or last_word(name) in map(last_word, specified)
    return bool(name) and (said or name in derived(version.function.source, BAD_VALUES | specified))


def specified_errors(version: Version) -> frozenset[str]:
    """The exceptions that bad input gets by the version's specification; none where it was made without one."""
    specification = version.evidence.get("specification", {})
    told = specification.get("bad_input", ()) if isinstance(specification, Mapping) else ()
    return frozenset(str(entry["raises"]) for entry in told if isinstance(entry, Mapping) and entry.get("raises"))


def derived(source: str, names: frozenset[str]) -> frozenset[str]:
    """The exception classes that the source makes from those of these names, directly or by way of each other."""
    found = set(names)
    try:
        tree = parse(source)
    except UnreadableSignature:
        return frozenset()
    for node in ast.walk(tree):  # a class stands before those made from it
        if isinstance(node, ast.ClassDef) and not found.isdisjoint(ast.unparse(base) for base in node.bases):
            found.add(node.name)
    return frozenset(found - names)


def last_word(name: str) -> str:
    """`Error` of `_csv.Error`: people write `csv.Error`."""
    return name.rpartition(".")[2]
