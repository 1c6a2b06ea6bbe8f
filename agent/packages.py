"""The packages of functions: which are let in, what exactly is installed for a version, and what a person is shown."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_version

from agent.well_known import meant_by, resembled_by
from registry import Function
from sandbox import Packages
from sandbox.locks import Lock, UnfitText, read_lock, read_requirement, read_requirements
from sandbox.package_index import released
from sandbox.packages import Layers
from sandbox.resolver import PackagesUnavailable, Resolver

LOOKS_AT_ONCE = 8
ANOTHER = "another package"
"""Who asked for a package that no function named."""


@dataclass(frozen=True, kw_only=True)
class AllowList:
    """The operator's list of packages that need no person: names, with versions and extras where it says some."""

    entries: tuple[str, ...] = ()
    others: bool = True
    """Whether a package that is not on the list may be had at all."""

    @property
    def lets_some_in(self) -> bool:
        """True where there is any package that a function may have."""
        return self.others or bool(self.entries)

    def names(self, requirement: Requirement, version: str = "") -> bool:
        """True where an entry stands for the package, with all its extras, and at that version."""
        listed = [entry for entry in read_requirements(self.entries) if entry.name == requirement.name]
        return any(
            requirement.extras <= entry.extras and (not version or entry.specifier.contains(version, prereleases=True))
            for entry in listed
        )

    def covers(self, function: Function) -> bool:
        """True where all that the function itself asks for is on the list at the locked version.

        What those packages need themselves comes with them.
        """
        try:
            wanted = read_requirements(function.manifest.requirements)
            versions = read_lock(function.lock).versions if wanted else {}
        except UnfitText:
            return False
        return all(self.names(each, versions[each.name]) for each in wanted if each.name in versions)


@dataclass(frozen=True, kw_only=True)
class Locked:
    """What came of asking for packages."""

    lock: str = ""
    """The text of `requirements.lock`; empty where none is needed or there can be none."""
    fault: str = ""
    """Why they cannot be had, in words for whoever chose them; empty where they can."""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Locks and installs packages within the operator's rules. Installing runs nothing of a package."""

    layers: Layers
    resolver: Resolver
    python: Callable[[], str]
    """The version of the Python that functions find in the sandbox."""
    allowed: AllowList = field(default_factory=AllowList)

    def locked(self, requirements: Sequence[str], keeping: str = "") -> Locked:
        """The lock for these packages, with the versions of an earlier lock where they still fit.

        An earlier lock that the index bears out is kept as it is. Raises `PackagesUnavailable` where none answers.
        """
        if not requirements:
            return Locked()
        try:
            wanted = read_requirements(requirements)
            earlier = read_lock(keeping) if keeping else None
        except UnfitText as error:
            return Locked(fault=str(error))
        if fault := self._barred(wanted):
            return Locked(fault=fault)
        python = earlier.python if earlier else ".".join(self.python().split(".")[:2])
        found = self.resolver.resolve(wanted, python, earlier)
        if found.lock is None:
            return Locked(fault=found.fault + "".join(hint(name) for name in found.absent))
        return Locked(lock=keeping if earlier and is_borne_out(earlier, found.lock) else found.lock.text)

    def of(self, function: Function) -> Packages | None:
        """What the function's own packages are, installed first where they are not; None where it needs none.

        Raises `PackagesUnavailable`.
        """
        if not function.manifest.requirements:
            return None
        try:
            return self.layers.installed(read_lock(function.lock))
        except UnfitText as error:
            raise PackagesUnavailable(
                f"`{function.name}` needs packages, and its requirements.lock does not say which: {error}",
                advice="Have it made anew: kowal enhance.",
            ) from error

    def evidence(self, function: Function, askers: Mapping[str, str], otherwise: str) -> dict[str, Any]:
        """What a person signs, under the key `packages`: each locked one, its age, and who asked for it.

        `askers` says of the function's own packages who asked, `otherwise` who did for the rest. Ages are left out
        where the index does not answer.
        """
        if not function.manifest.requirements:
            return {}
        lock, index = read_lock(function.lock), self.resolver.index_in_use()
        with ThreadPoolExecutor(LOOKS_AT_ONCE) as looks:
            dates = looks.map(lambda name: released(index, name) if index else {}, lock.versions)
        wanted, rows = read_requirements(function.manifest.requirements), []
        for (name, version), known in zip(lock.versions.items(), dates, strict=True):
            its = [each for each in wanted if each.name == name]
            by = askers.get(name, otherwise) if its else ANOTHER
            allowed = bool(its) and all(self.allowed.names(each, version) for each in its)
            row = {"name": name, "version": version, "by": by, "allowed": allowed, "resembles": resembled_by(name)}
            rows.append(row | ages(version, known))
        return {"packages": rows}

    def _barred(self, wanted: Sequence[Requirement]) -> str:
        """Which package is refused without asking the index, and why; empty where none is."""
        for each in wanted:
            if each.name.replace("-", "_") in sys.stdlib_module_names:
                return f"`{each.name}` is in Python's standard library: it is no package"
            if not self.allowed.others and not self.allowed.names(each):
                listed = ", ".join(self.allowed.entries) or "nothing"
                return f"`{each.name}` is not on the operator's list of packages ({listed})"
        return ""


def is_borne_out(earlier: Lock, fresh: Lock) -> bool:
    """True where the index has the same versions, and every file of the earlier lock among theirs."""
    hashes = {pin.name: set(pin.hashes) for pin in fresh.pins}
    return earlier.versions == fresh.versions and all(set(pin.hashes) <= hashes[pin.name] for pin in earlier.pins)


def beyond(wanted: Iterable[str], had: Iterable[str]) -> tuple[str, ...]:
    """The requirements that are not among those that are there already, each once."""
    known, found = set(map(normal, had)), dict[str, str]()
    for text in wanted:
        if normal(text) not in known:
            found.setdefault(normal(text), text)
    return tuple(found.values())


def normal(text: str) -> str:
    """The requirement in one form; a text that is none as it is."""
    try:
        return str(read_requirement(text))
    except UnfitText:
        return text


def hint(name: str) -> str:
    """What a name that does not exist was meant to be."""
    meant = meant_by(name)
    return f"; did you mean `{meant}`?" if meant else "; models invent package names: do without it"


def name_of(text: str) -> str:
    """The package's name; empty for a text that is no requirement."""
    try:
        return read_requirement(text).name
    except UnfitText:
        return ""


def ages(version: str, dates: dict[str, datetime]) -> dict[str, str]:
    """The days on which a version and the package itself were first uploaded, where they are known."""
    known = {canonicalize_version(each): when for each, when in dates.items()}
    released_on, first = known.get(canonicalize_version(version)), min(dates.values(), default=None)
    told = {"released": released_on, "first_released": first}
    return {key: f"{when:%Y-%m-%d}" for key, when in told.items() if when}
