"""The functions in production as tools: page by page, by name, and whether they have changed."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio
from mcp_types import Tool

from agent.service.functions import FunctionVerbs
from integrations.mcp.threads import Threads
from integrations.mcp.typed import tool_name, tool_of
from registry import Manifest

PAGE: Final = 100
"""Tools in a page: SDKs look through a hundred pages at most, which is twice what 5,000 functions take."""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The functions as they stood at a moment."""

    fingerprint: str
    manifests: Sequence[Manifest]
    """In the order of `names`."""
    names: Sequence[str]
    """What their tools are called, sorted."""
    tools: dict[str, Tool] = field(default_factory=dict)
    """Those that were asked for."""

    def page(self, after: str, size: int = PAGE) -> tuple[Sequence[Tool], str]:
        """The tools behind that name, and the name behind which the next page begins; empty at the end.

        Pages hang together whatever changes meanwhile: each begins behind a name, not at a number.
        """
        begin = bisect_right(self.names, after) if after else 0
        end = min(begin + size, len(self.names))
        return [self._tool(number) for number in range(begin, end)], self.names[end - 1] if end < len(
            self.names
        ) else ""

    def __contains__(self, name: str) -> bool:
        at = bisect_right(self.names, name)
        return at > 0 and self.names[at - 1] == name

    def _tool(self, number: int) -> Tool:
        name = self.names[number]
        if name not in self.tools:
            self.tools[name] = tool_of(self.manifests[number])
        return self.tools[name]


def shelf_of(fingerprint: str, manifests: Sequence[Manifest]) -> Shelf:
    """The functions, by the names of their tools."""
    found = {tool_name(each.name): each for each in manifests}
    names = sorted(found)
    return Shelf(fingerprint=fingerprint, manifests=[found[name] for name in names], names=names)


class Catalogue:
    """The functions as they stand now. Used by one event loop."""

    def __init__(self, functions: FunctionVerbs, threads: Threads) -> None:
        self._functions, self._threads = functions, threads
        self._shelf = shelf_of("", ())
        self._lock = anyio.Lock()

    async def now(self) -> Shelf:
        """The functions; read anew only where production has changed."""
        fingerprint = await self._threads.run(self._functions.fingerprint)
        if fingerprint != self._shelf.fingerprint:
            async with self._lock:
                if fingerprint != self._shelf.fingerprint:
                    self._shelf = shelf_of(fingerprint, await self._threads.run(self._functions.manifests))
        return self._shelf
