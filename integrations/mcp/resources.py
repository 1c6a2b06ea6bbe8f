"""What speaks for a function, as resources: its source, its tests, its evidence. A version never changes."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agent.service.callers import Caller, Scope
from agent.service.service import Service
from agent.service.views import FunctionSummary
from integrations.mcp.cursors import cursor_of, name_behind
from integrations.mcp.results import plain
from integrations.mcp.threads import Threads
from registry import NAME_PATTERN, RegistryError

PAGE: Final = 50
"""Functions in a page of resources."""
NOT_FOUND: Final = -32002
"""The code for a resource that is not there, through 2025-11-25; since then it is that of a wrong parameter."""
PYTHON, JSON = "text/x-python", "application/json"
KINDS: Final = {
    "source": ("the source", PYTHON),
    "tests": ("the tests", PYTHON),
    "evidence": ("what speaks for it: the verdict, and where it comes from", JSON),
}
ADDRESS: Final = re.compile(
    rf"kowal://functions/(?P<name>{NAME_PATTERN[1:-1]})/(?P<version>[0-9]{{1,6}}(?:\.[0-9]{{1,6}}){{2}})/(?P<kind>[a-z]+)"
)


@dataclass(frozen=True, kw_only=True)
class Resources:
    """The resources, for those whose token is good for looking at functions."""

    service: Service
    threads: Threads

    async def list(self, caller: Caller, cursor: str | None) -> ListResourcesResult:
        """A page of the resources of all functions, each at the version that serves."""
        if Scope.FUNCTIONS not in caller.scopes:
            return ListResourcesResult(resources=[])
        after = name_behind(cursor)
        page = await self.threads.run(self.service.functions.list, caller, limit=PAGE, cursor=after)
        found = [each for function in page.functions if function.version for each in resources_of(function)]
        return ListResourcesResult(resources=found, next_cursor=cursor_of(page.next))

    async def read(self, caller: Caller, uri: str, revision: str) -> ReadResourceResult:
        """The resource. Raises `MCPError` where there is none."""
        where = ADDRESS.fullmatch(uri)
        if where is None or where["kind"] not in KINDS or Scope.FUNCTIONS not in caller.scopes:
            raise missing(uri, revision)
        try:
            read = await self.threads.run(self._read, where["name"], where["version"], where["kind"], caller)
        except RegistryError:
            raise missing(uri, revision) from None
        contents = TextResourceContents(uri=uri, mime_type=KINDS[where["kind"]][1], text=plain(read))
        return ReadResourceResult(contents=[contents])

    def _read(self, name: str, version: str, kind: str, caller: Caller) -> str:
        functions = self.service.functions
        if kind == "evidence":
            evidence = functions.evidence(name, caller, version=version).evidence
            return json.dumps(evidence, ensure_ascii=False, indent=2) + "\n"
        files = functions.source(name, caller, version=version)
        return files.source if kind == "source" else files.tests


def templates() -> ListResourceTemplatesResult:
    """The addresses of all versions."""
    found = [
        ResourceTemplate(
            name=f"function_{kind}",
            title=f"A function: {what}",
            uri_template=f"kowal://functions/{{name}}/{{version}}/{kind}",
            mime_type=mime_type,
        )
        for kind, (what, mime_type) in KINDS.items()
    ]
    return ListResourceTemplatesResult(resource_templates=found)


def resources_of(function: FunctionSummary) -> Iterator[Resource]:
    """The resources of the function's version."""
    for kind, (what, mime_type) in KINDS.items():
        yield Resource(
            name=f"{function.name} {function.version} {kind}",
            title=f"{function.name} {function.version}: {what}",
            uri=f"kowal://functions/{function.name}/{function.version}/{kind}",
            mime_type=mime_type,
            description=plain(function.description),
        )


def missing(uri: str, revision: str) -> MCPError:
    """The error for a resource that is not there, as the revision has it."""
    code = INVALID_PARAMS if revision in MODERN_PROTOCOL_VERSIONS else NOT_FOUND
    return MCPError(code, "Resource not found", {"uri": plain(uri)})
