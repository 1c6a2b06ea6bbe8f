"""A function of the registry as MCP has a tool: its name, its schemas, and what clients may expect of a call."""

import json
from collections.abc import Mapping
from typing import Any, Final

from mcp_types import Tool, ToolAnnotations

from registry import Manifest

RESERVED: Final = frozenset({"execute_task", "list_functions", "get_status", "cancel_task", "answer"})
"""The names of our own tools."""
PREFIX: Final = "function-"
"""Before the name of a function that is called as one of our tools. No function's name has a dash."""
WRAPPED: Final = "result"
"""Where a value stands: what is structured must be an object through 2025-11-25, and has one shape in all revisions."""
HARMLESS: Final = ("http GET ", "http HEAD ", "llm ", "files ", "secret ")
"""How grants begin that let a function change nothing beyond itself."""
CLOSED: Final = ("files ",)
"""How grants begin that lead to nothing outside."""


def tool_name(function: str) -> str:
    """The name under which the function is called."""
    return f"{PREFIX}{function}" if function in RESERVED else function


def function_name(tool: str) -> str:
    """The function that is called under the name."""
    name = tool.removeprefix(PREFIX)
    return name if name in RESERVED else tool


def tool_of(manifest: Manifest) -> Tool:
    """The function as a tool."""
    name = tool_name(manifest.name)
    return Tool(
        name=name,
        title=manifest.name.replace("_", " ").capitalize(),
        description=described(manifest),
        input_schema={"type": "object", **manifest.input_schema},
        output_schema=wrapped(manifest.output_schema),
        annotations=hints_of(manifest),
    )


def described(manifest: Manifest) -> str:
    """What it does, and what it may reach."""
    reach = "; ".join(manifest.grants)
    return f"{manifest.description}\n\nMay reach: {reach}." if reach else manifest.description


def hints_of(manifest: Manifest) -> ToolAnnotations:
    """What a call may do: nothing but compute, where the function has no grants.

    These are the most that its grants allow; what it was seen to do may be less.
    """
    grants = manifest.grants
    changes = not all(grant.startswith(HARMLESS) for grant in grants)
    return ToolAnnotations(
        read_only_hint=not grants,
        destructive_hint=changes,
        idempotent_hint=not changes,
        open_world_hint=not all(grant.startswith(CLOSED) for grant in grants),
    )


def wrapped(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object that has the value at `result`."""
    inner: dict[str, Any] = dict(schema)
    defined: dict[str, Any] = {}
    for word in ("$defs", "definitions", "$schema"):  # references are read from the root
        if word in inner:
            defined[word] = inner.pop(word)
    if '"$ref": "#"' in json.dumps(inner):  # the root would be another one here
        inner = {}
    return {**defined, "type": "object", "properties": {WRAPPED: inner}, "required": [WRAPPED]}
