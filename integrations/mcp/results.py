"""What a call of a tool gives back: a value or an error, for programs and for whoever reads text."""

import json
from typing import Any, Final

from mcp_types import BlobResourceContents, CallToolResult, ContentBlock, EmbeddedResource, TextContent

from agent.errors import KowalError
from agent.service.views import RunView
from integrations.mcp.typed import WRAPPED
from registry import RegistryError
from sandbox import SandboxError

OURS: Final = (KowalError, RegistryError, SandboxError)
"""The errors that say what happened, what was kept, and what to do."""
MOST_FINDINGS: Final = 10
VERSION_KEY: Final = "kowal/version"
RUN_KEY: Final = "kowal/run"


def plain(value: Any) -> Any:
    """The JSON value, in which every text can be sent: half of a surrogate pair becomes a question mark."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return value


def text(said: str) -> TextContent:
    """The text as content."""
    return TextContent(text=plain(said))


def written(value: Any) -> str:
    """The value as text: a text as it is, else JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def value_result(run: RunView) -> CallToolResult:
    """What a function gave: the value, what it printed, the files it left."""
    content: list[ContentBlock] = [text(written(run.value))]
    if run.output:
        content.append(text(f"It printed:\n{run.output}"))
    for name, data in run.artefacts.items():
        blob = BlobResourceContents(uri=f"kowal://runs/{run.run_id}/files/{name}", blob=data)
        content.append(EmbeddedResource(resource=blob))
    meta = {VERSION_KEY: f"{run.function} {run.version}", RUN_KEY: run.run_id}
    return CallToolResult(content=content, structured_content={WRAPPED: plain(run.value)}, _meta=meta)


def refused(error: KowalError | RegistryError | SandboxError, *, advice: str = "") -> CallToolResult:
    """The error, in its three parts; `advice` stands for the error's own."""
    facts = getattr(error, "facts", {})
    lines = [str(error), *map(str, facts.get("findings", ())[:MOST_FINDINGS]), str(facts.get("traceback", ""))]
    told = {"Kept": error.kept, "Next": advice or error.advice}
    lines += [f"{word}: {said}" for word, said in told.items() if said]
    return failure("\n".join(line for line in lines if line))


def failure(said: str) -> CallToolResult:
    """A call that went wrong, in words that help to mend it."""
    return CallToolResult(content=[text(said)], is_error=True)
