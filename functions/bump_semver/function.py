"""The version number of the next release."""

import re
from typing import Literal

_NUMBER = r"(0|[1-9][0-9]*)"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"(v?){_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def bump_semver(version: str, part: Literal["major", "minor", "patch"]) -> str:
    """Raise the major, minor or patch number of a semantic version: the version of the next release.

    By SemVer 2.0.0 the numbers behind the one that is raised become 0. A pre-release comes before its release: where
    that release is itself one of the wanted kind, it is the next one. So 1.3.0-rc.1 becomes 1.3.0 as a minor and as a
    patch release, and 2.0.0 as a major one; 1.3.1-rc.1 becomes 1.3.1 as a patch release, and 1.4.0 as a minor one.
    Pre-release identifiers and build metadata are dropped. A leading `v` is accepted and kept.

    Args:
        version: The version so far, for example 1.4.0 or v2.0.0-rc.1.
        part: Which number the next release raises.

    Returns:
        The next version.

    Raises:
        ValueError: `version` is not a semantic version, or `part` is none of the three.
    """
    match = _VERSION.fullmatch(version)
    if not match:
        raise ValueError(f"version is not a semantic version such as 1.4.0-rc.1: {version!r}")
    is_pre_release = bool(match[5])
    major, minor, patch = int(match[2]), int(match[3]), int(match[4])
    if part == "major":
        due = is_pre_release and minor == patch == 0
        major, minor, patch = major if due else major + 1, 0, 0
    elif part == "minor":
        due = is_pre_release and patch == 0
        minor, patch = minor if due else minor + 1, 0
    elif part == "patch":
        patch = patch if is_pre_release else patch + 1
    else:
        raise ValueError(f"part must be major, minor or patch, not {part!r}")
    return f"{match[1]}{major}.{minor}.{patch}"
