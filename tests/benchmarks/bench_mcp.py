"""What the MCP server costs: a page of tools, all pages, a search and a call, with 5,000 functions."""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp_stand import MODES, facing

from agent.config import load_settings
from agent.service.service import open_service
from registry import Function, Manifest, Registry

COUNT = int(os.environ.get("FUNCTIONS", "5000"))


def function(number: int) -> Function:
    """A function of an ordinary size, different for each number."""
    properties = {
        "text": {"type": "string", "description": "Any text that is looked through."},
        f"option_{number % 50}": {"type": "integer", "default": number, "description": "How many are counted."},
    }
    manifest = Manifest(
        name=f"function_{number}",
        description=f"Adds the numbers of kind {number % 97} in group {number % 13}, and leaves out what is empty.",
        input_schema={"type": "object", "properties": properties, "required": ["text"]},
        output_schema={"type": "integer"},
    )
    source = f"def function_{number}(text: str, option_{number % 50}: int = {number}) -> int:\n    return len(text)\n"
    return Function(manifest=manifest, source=source, tests=f"# {number}\n")


async def timed(work: Callable[[], Awaitable[Any]], times: int) -> float:
    """Milliseconds of one, the median."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(taken)


async def measured(url: str, revision: str) -> dict[str, float]:
    """The figures of one revision."""
    async with Client(url, mode=MODES[revision]) as client:
        begun = time.perf_counter()
        first = await client.list_tools(cache_mode="bypass")
        cold_ms = (time.perf_counter() - begun) * 1e3
        begun, pages, tools, cursor = time.perf_counter(), 0, 0, None
        while True:
            page = await client.list_tools(cursor=cursor, cache_mode="bypass")
            pages, tools, cursor = pages + 1, tools + len(page.tools), page.next_cursor
            if cursor is None:
                break
        all_ms = (time.perf_counter() - begun) * 1e3
        size = len(first.model_dump_json(by_alias=True, exclude_none=True))
        return {
            "first_page_cold_ms": cold_ms,
            "page_ms": await timed(lambda: client.list_tools(cache_mode="bypass"), 20),
            "page_kb": size / 1e3,
            "pages": pages,
            "tools": tools,
            "all_pages_ms": all_ms,
            "search_ms": await timed(lambda: client.call_tool("list_functions", {"query": "numbers of kind 41"}), 20),
            "call_ms": await timed(lambda: client.call_tool("function_77", {"text": "a b"}), 50),
        }


def main() -> None:
    """Print the figures; write them to OUT as JSON where that is set."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with Registry.create(place / "registry.git") as registry:
            for number in range(COUNT):
                new = function(number)
                registry.add_candidate(new, {})
                registry.approve(new.name, new.digest, by="bench")
                registry.promote(new.name, by="bench")
        database = str(place / "operations.sqlite")
        service = open_service(load_settings(registry=place / "registry.git", database=database, sandbox="wasm"))
        with facing(service) as url:
            figures = {revision: anyio.run(measured, url, revision) for revision in MODES}
        service.close()
    for revision, found in figures.items():
        for name, value in found.items():
            sys.stdout.write(f"{revision}  {name:20} {value:10.2f}\n")
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
