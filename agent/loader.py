"""Finds back ends by name: the one place that imports by string, and only from four packages of ours."""

import importlib
import importlib.util
import pkgutil
from typing import Any

from agent.errors import BadSettings

OFFERS = {
    "integrations.chat": "CHANNEL",
    "integrations.codehost": "HOST",
    "integrations.llm": "PROVIDER",
    "sandbox.backends": "BACKEND",
}
"""The packages that may be searched, and the name under which their files offer themselves."""
FACES = ("http", "mcp")
"""How programs reach the service."""


def available(package: str) -> list[str]:
    """The back ends in the package, not imported. `_name.py` is a part of one, `fake_name.py` a test server."""
    spec = importlib.util.find_spec(package) if package in OFFERS else None
    places = spec.submodule_search_locations if spec is not None else None
    names = (entry.name for entry in pkgutil.iter_modules(places)) if places else ()
    return sorted(name for name in names if not name.startswith(("_", "fake_")))


def load(package: str, name: str) -> Any:
    """What the file of that name offers: a `ChannelInfo`, `HostInfo`, `ProviderInfo` or `BackendInfo`.

    Raises `BadSettings`, which names those that there are.
    """
    if name not in available(package):
        raise BadSettings(f"There is no `{name}` in {package}; there is {', '.join(available(package))}")
    return getattr(importlib.import_module(f"{package}.{name}"), OFFERS[package])


def load_face(name: str) -> Any:
    """What serves HTTP, or MCP: `integrations.NAME.service`, with `serve`. Raises `BadSettings`."""
    if name not in FACES:
        raise BadSettings(f"There is no service `{name}`; there is {', '.join(FACES)}")
    return importlib.import_module(f"integrations.{name}.service")
