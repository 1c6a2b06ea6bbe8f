"""Texts about packages: what a function declares, and the lock that says exactly what is installed for it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

LONGEST_REQUIREMENT = 300
MOST_PINS = 300
HEADER = "# Made for Python {python}. These files and no others are installed.\n"

_HEADER = re.compile(r"# Made for Python (3\.\d{1,2})\. These files and no others are installed\.")
_PIN = re.compile(r"([a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?)==([A-Za-z0-9.!+_-]{1,100}) \\")
_HASH = re.compile(r" {4}--hash=(sha256:[0-9a-f]{64})( \\)?")


class UnfitText(ValueError):
    """A text that is no requirement or no lock; the message says why, for whoever wrote it."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package at one version."""

    name: str
    """As PEP 503 normalises it."""
    version: str
    hashes: tuple[str, ...]
    """Each `sha256:` and 64 hexadecimal digits: a file with another digest is not installed."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """All packages that a function needs, those that its own packages need included."""

    python: str
    """The minor version of the Python it was made for, such as `3.14`."""
    pins: tuple[Pin, ...]

    @property
    def text(self) -> str:
        """The one text form: a requirements file with a digest for every file."""
        return HEADER.format(python=self.python) + "".join(pin_text(pin) for pin in self.pins)

    @property
    def versions(self) -> dict[str, str]:
        """The version of each package, by name."""
        return {pin.name: pin.version for pin in self.pins}


def pin_text(pin: Pin) -> str:
    """The lines of one package."""
    return f"{pin.name}=={pin.version} \\\n    --hash=" + " \\\n    --hash=".join(pin.hashes) + "\n"


def read_requirement(text: str) -> Requirement:
    """The package that the text asks for: a name of PEP 508 with extras, versions and markers, from the index.

    Raises `UnfitText` for anything that would have an installer read options, paths, addresses or variables.
    """
    shown = repr(text[:80])
    if len(text) > LONGEST_REQUIREMENT or not text.isprintable() or "$" in text:
        raise UnfitText(f"{shown} is not a package")
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        raise UnfitText(f"{shown} is not a package: a name is, such as `numpy`, `pandas>=2` or `pkg[extra]`") from error
    if requirement.url is not None:
        raise UnfitText(f"{shown} names an address: packages come from the index, by name and version")
    requirement.name = canonicalize_name(requirement.name)
    return requirement


def read_requirements(texts: Iterable[str]) -> tuple[Requirement, ...]:
    """All of them. Raises `UnfitText` for the first that is none."""
    return tuple(map(read_requirement, texts))


def read_lock(text: str) -> Lock:
    """The lock that a text holds. Raises `UnfitText` for one that was not made here: it may hold anything."""
    head, *lines = text.splitlines() or [""]
    header = _HEADER.fullmatch(head)
    if header is None:
        raise UnfitText("the lock does not begin with the line that says for which Python it was made")
    pins = []
    while lines:
        pins.append(_read_pin(lines))
    names = [pin.name for pin in pins]
    if not pins or len(pins) > MOST_PINS or len(set(names)) != len(names):
        raise UnfitText("the lock holds no packages, too many, or one of them twice")
    return Lock(python=header[1], pins=tuple(pins))


def _read_pin(lines: list[str]) -> Pin:
    """The package at the head of the lines, which are taken off."""
    line = lines.pop(0)
    found = _PIN.fullmatch(line)
    if found is None:
        raise UnfitText(f"the lock holds a line that is no package with its version: {line[:80]!r}")
    hashes, more = [], True
    while more:
        hashed = _HASH.fullmatch(lines.pop(0)) if lines else None
        if hashed is None:
            raise UnfitText(f"the lock holds no digest where one must be, for {found[1]}")
        hashes.append(hashed[1])
        more = hashed[2] is not None
    return Pin(name=found[1], version=found[2], hashes=tuple(hashes))
