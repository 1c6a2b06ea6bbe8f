"""Where a function lies in the tree, and which refs speak of it."""

import hashlib
import re
from collections.abc import Iterable
from typing import Literal

from registry.errors import UnknownFunction, UnknownVersion
from registry.types import NAME_PATTERN

MAIN = "refs/heads/main"
PRODUCTION = "refs/heads/production"
TAGS = "refs/tags/"
CANDIDATES = "refs/heads/candidate/"
CANARY = "refs/kowal/canary/"
QUARANTINE = "refs/kowal/quarantine/"
ROLLBACKS = "refs/heads/rollback/"
PIPELINE_BRANCH = "refs/heads/kowal/pipeline"
"""What is to bring the pipeline onto `main` where that takes no pushes."""

SOURCE, TESTS, MANIFEST, EVIDENCE = "function.py", "test_function.py", "function.json", "evidence.json"
PIPELINE = ".gitlab-ci.yml"
"""What a code host runs on changes; only where the registry is reviewed at one."""
LOCK = "requirements.lock"
"""Only where a function needs packages."""

README = """\
# A registry of functions

Each function is a folder, `functions/XX/NAME/`, where `XX` are the first two hexadecimal digits of the
SHA-256 of its name: fanned out so, a commit stores two small trees instead of one that lists everything.

    function.py        the source
    test_function.py   its tests
    function.json      name, description, aliases, schemas, requirements, grants, examples
    requirements.lock  the exact packages it needs, with the digests of their files; not there where it needs none
    evidence.json      why it is trusted, and the digest of the files above

Refs say where a version stands:

    refs/heads/candidate/NAME/DIGEST    proven, waits for approval
    refs/heads/rollback/NAME/X.Y.Z      is to go back to that version, waits for approval
    refs/heads/main, refs/tags/NAME/vX.Y.Z    approved
    refs/heads/production               holds what may be run, and nothing else
    refs/kowal/canary/NAME/X.Y.Z        approved, and serves on trial
    refs/kowal/quarantine/NAME/X.Y.Z    kept from running
"""

type Change = Literal["new", "minor", "major"]

_VERSION = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAMED = NAME_PATTERN.strip("^$")
_OURS = re.compile(
    rf"{MAIN}|{PRODUCTION}|{CANDIDATES}{_NAMED}/{_DIGEST.pattern}|{TAGS}{_NAMED}/v{_VERSION.pattern}"
    rf"|refs/kowal/[a-z]+/{_NAMED}/{_VERSION.pattern}|{ROLLBACKS}{_NAMED}/{_VERSION.pattern}|{PIPELINE_BRANCH}"
)


def is_name(text: str) -> bool:
    """True for what a function can be called."""
    return re.fullmatch(_NAMED, text) is not None


def require_name(name: str) -> str:
    """The name itself, safe to use in a path and a ref. Raises `UnknownFunction` for anything else."""
    if not is_name(name):
        raise UnknownFunction(f"{name[:80]!r} cannot be the name of a function.")
    return name


def require_version(version: str) -> str:
    """The version itself, safe to use in a ref. Raises `UnknownVersion` for anything but `X.Y.Z`."""
    if not _VERSION.fullmatch(version):
        raise UnknownVersion(f"{version[:80]!r} is not a version. Versions look like 1.0.0.")
    return version


def is_version(text: str) -> bool:
    """True for `X.Y.Z`."""
    return _VERSION.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """True for 64 hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def is_short(text: str) -> bool:
    """True for a digest, or its beginning as people are shown it."""
    return re.fullmatch(r"[0-9a-f]{12,64}", text) is not None


def is_ours(ref: str) -> bool:
    """True for a ref that belongs to a registry: what a remote holds beside them is left alone."""
    return _OURS.fullmatch(ref) is not None


def folder_of(name: str) -> tuple[str, str, str]:
    """The path of a function's folder, from the root of the tree."""
    fan = hashlib.sha256(require_name(name).encode()).hexdigest()[:2]
    return ("functions", fan, name)


def candidate_ref(name: str, digest: str) -> str:
    """The branch of a candidate."""
    if not is_digest(digest):
        raise UnknownVersion(f"{digest[:80]!r} is not a digest of 64 hexadecimal digits.")
    return f"{CANDIDATES}{require_name(name)}/{digest}"


def rollback_ref(name: str, version: str) -> str:
    """The branch that is to bring the version back."""
    return f"{ROLLBACKS}{require_name(name)}/{require_version(version)}"


def tag_ref(name: str, version: str) -> str:
    """The tag of an approved version."""
    return f"{TAGS}{require_name(name)}/v{require_version(version)}"


def canary_ref(name: str, version: str) -> str:
    """The ref that puts a version on trial."""
    return f"{CANARY}{require_name(name)}/{require_version(version)}"


def quarantine_ref(name: str, version: str) -> str:
    """The ref that keeps a version from running."""
    return f"{QUARANTINE}{require_name(name)}/{require_version(version)}"


def version_key(version: str) -> tuple[int, ...]:
    """What versions are ordered by."""
    return tuple(int(part) for part in version.split("."))


def next_version(existing: Iterable[str], change: Change) -> str:
    """The number that follows the newest of `existing`; 1.0.0 where there is none."""
    newest = max((version_key(version) for version in existing), default=None)
    if newest is None:
        return "1.0.0"
    major, minor, _ = newest
    return f"{major + 1}.0.0" if change == "major" else f"{major}.{minor + 1}.0"
