"""The precedence of two semantic versions."""

import re

_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def compare_semver(a: str, b: str) -> int:
    """Compare two semantic versions and say which is newer: -1, 0 or 1.

    Precedence is that of SemVer 2.0.0: numbers compare as numbers, a pre-release comes before its release,
    and build metadata does not count. A leading `v` is accepted.

    Args:
        a: The first version, for example 1.4.0-rc.1.
        b: The version to compare it with.

    Returns:
        -1 where `a` comes before `b`, 0 where neither does, 1 where `a` comes after `b`.

    Raises:
        ValueError: `a` or `b` is not a semantic version.
    """
    first, second = _precedence("a", a), _precedence("b", b)
    return (first > second) - (first < second)


def _precedence(parameter: str, version: str) -> tuple[object, ...]:
    match = _VERSION.fullmatch(version)
    if not match:
        raise ValueError(f"{parameter} is not a semantic version such as 1.4.0-rc.1: {version!r}")
    *core, pre_release = match.groups()
    identifiers = pre_release.split(".") if pre_release else []
    return (*map(_rank, core), not identifiers, [_rank(identifier) for identifier in identifiers])


def _rank(identifier: str) -> tuple[bool, int, str]:
    """Numbers before words; numbers by value, which first their length tells; words in the order of ASCII."""
    is_word = not identifier.isdigit()
    return is_word, 0 if is_word else len(identifier), identifier
