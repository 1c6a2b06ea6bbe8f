"""Runs inside the sandbox: what code there may do at a code host, which it sees as `kowal_host.codehost`."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.guest_host import ask_host


class CodeHost:
    """The code host of that name, in projects that were granted, each named by its whole path: `group/project`."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def project(self, path: str, description: str = "") -> str:
        """Make a private project, and give its address. Raises `HostError`, also where there is one, or `Refused`."""
        return str(await self._ask("project", path, description=str(description)))

    async def issue(self, project: str, title: str, text: str = "", *, labels: Iterable[str] = ()) -> str:
        """Make an issue (its text is Markdown), and give its address. Raises `HostError`, or `Refused`."""
        named = [labels] if isinstance(labels, str) else list(labels)
        return str(await self._ask("issue", project, title=str(title), text=str(text), labels=named))

    async def merge_request(self, project: str, source: str, target: str, title: str, text: str = "") -> str:
        """Ask for a branch to be merged into another, and give the address. Raises `HostError`, or `Refused`."""
        carried = {"source": source, "target": target, "title": str(title), "text": str(text)}
        return str(await self._ask("merge-request", project, **carried))

    async def commit(
        self, project: str, branch: str, message: str, files: Mapping[str, str | bytes | None]
    ) -> str:  # fmt: skip
        """Commit files by their paths (None removes one), and give the commit's id. Raises as `issue` does."""
        packed = {
            path: None if data is None else base64.b64encode(encoded(data)).decode() for path, data in files.items()
        }
        return str(await self._ask("commit", project, branch=branch, message=str(message), files=packed))

    async def pipeline(self, project: str, ref: str) -> dict[str, Any] | None:
        """The newest pipeline of a branch or tag; None where there is none.

        It has `id`, `ref`, `status`, `url`, and `jobs`, each with `id`, `name` and `status`. Raises as `issue` does.
        """
        found: dict[str, Any] | None = await self._ask("pipeline", project, ref=ref)
        return found

    async def log(self, project: str, job: int) -> str:
        """The end of the log of a job, by its number. Raises `HostError`, or `Refused`."""
        return str(await self._ask("log", project, job=job))

    async def _ask(self, act: str, project: str, **carried: Any) -> Any:
        return await ask_host({"kind": "codehost", "host": self._name, "act": act, "project": project, **carried})


def encoded(data: str | bytes) -> bytes:
    """A file's content as bytes."""
    return data.encode() if isinstance(data, str) else data


def codehost(name: str) -> CodeHost:
    """The code host of that name."""
    return CodeHost(name)
