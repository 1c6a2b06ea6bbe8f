"""Functions that call registered functions: which versions they call, and who calls a function."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry import Function, Registry, Status, UnknownFunction, UnknownVersion, Version

PREFIX = "function "
"""How the grant to call one begins: `function slugify 1.0.0`."""


@dataclass(frozen=True, kw_only=True)
class Callee:
    """A version that a function calls."""

    name: str
    version: str
    source: str


def called_in(grants: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and version of every function that the grants allow to call."""
    for grant in grants:
        if grant.startswith(PREFIX) and len(words := grant.split()) == 3:
            yield words[1], words[2]


def named_callees(registry: Registry, names: Iterable[str]) -> tuple[Callee, ...]:
    """The versions in production of these functions, and all that those call.

    Raises `UnknownFunction` for one that is not in production.
    """
    pinned = []
    for name in names:
        version = registry.find(name)
        if version is None:
            raise UnknownFunction(f"`{name}` is not in production, so nothing may call it")
        pinned.append((name, version.version))
    return pinned_callees(registry, pinned)


def pinned_callees(registry: Registry, pinned: Iterable[tuple[str, str]]) -> tuple[Callee, ...]:
    """These versions, and all that they call by their own grants; each function once, as it is first met.

    Raises `UnknownFunction`, `UnknownVersion`.
    """
    found: dict[str, Callee] = {}
    waiting = list(pinned)
    while waiting:
        name, number = waiting.pop(0)
        if name in found:
            continue
        version = registry.get(name, number)
        found[name] = Callee(name=name, version=number, source=version.function.source)
        waiting += called_in(version.function.manifest.grants)
    return tuple(found.values())


def callees_of(registry: Registry, function: Function) -> tuple[Callee, ...]:
    """All that the function calls, by its grants. Raises `UnknownFunction`, `UnknownVersion`."""
    return pinned_callees(registry, called_in(function.manifest.grants))


def not_in_production(registry: Registry, grants: Iterable[str]) -> tuple[str, ...]:
    """The functions among the grants whose pinned version is not in production, as `slugify 1.0.0`."""
    pairs = called_in(grants)
    return tuple(f"{name} {number}" for name, number in pairs if not in_production(registry, name, number))


def in_production(registry: Registry, name: str, number: str) -> bool:
    """True where that version serves."""
    try:
        return registry.get(name, number).status is Status.PRODUCTION
    except (UnknownFunction, UnknownVersion):
        return False


def callers_of(registry: Registry, name: str) -> tuple[Version, ...]:
    """The versions in production that call the function."""
    return tuple(
        version
        for version in registry.production()
        if any(called == name for called, _ in called_in(version.function.manifest.grants))
    )
