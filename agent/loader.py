"""Finds back ends by name: the one place that imports by string, and only from two packages of ours."""

import importlib
import importlib.util
import pkgutil
from typing import Any

from agent.errors import BadSettings

OFFERS = {"integrations.llm": "PROVIDER", "sandbox.backends": "BACKEND"}
"""The packages that may be searched, and the name under which their files offer themselves."""


def available(package: str) -> list[str]:
    """The names of the files in the package, without importing them."""
    spec = importlib.util.find_spec(package) if package in OFFERS else None
    places = spec.submodule_search_locations if spec is not None else None
    return (
        sorted(entry.name for entry in pkgutil.iter_modules(places) if not entry.name.startswith("_")) if places else []
    )


def load(package: str, name: str) -> Any:
    """What the file of that name offers (`ProviderInfo`, `BackendInfo`). Raises `BadSettings` naming the known ones."""
    offer = None
    if name in available(package):
        offer = getattr(importlib.import_module(f"{package}.{name}"), OFFERS[package], None)
    if offer is None:
        known = ", ".join(other for other in available(package) if not other.startswith("fake"))
        raise BadSettings(f"There is no `{name}` in {package}; there is {known}")
    return offer
