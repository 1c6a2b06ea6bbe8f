"""What code finds around it in the sandbox beyond the standard library: packages, and a host that it may ask."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAX_NAME_BYTES = 200

HostCalls = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Answers one ask of the guest: `{"kind": "http", ...}` in, `{"value": ...}` or `{"error": sentence}` out; JSON both.

The ask is the guest's word and may be anything. It never raises, and may be called from several threads at once.
"""


@dataclass(frozen=True, kw_only=True)
class Packages:
    """Installed packages in a folder that nothing changes any more."""

    folder: Path
    """What is put on the guest's import path, read-only."""
    digest: str
    """Of what was installed, hexadecimal: folders with one digest hold the same."""
    pure: bool
    """True where all of it is Python: then the WebAssembly guest can have it."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """A pretended host for code under test: no ask leaves the sandbox. What was asked is in the result (`asked`)."""

    exchanges: tuple[Mapping[str, Any], ...] = ()
    """Each `{"ask": {...}, "reply": {...}}`; the most specific that fits an ask answers it, any number of times."""
    functions: Mapping[str, str] = field(default_factory=dict)
    """Sources of the registered functions that may be called, by name."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What goes around a call or a test run. Nothing by default: then every ask is refused inside."""

    packages: Packages | None = None
    script: Script | None = None
    host: HostCalls | None = None
    """A real host, for calls; never beside a script, and never for test runs."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Placeholders by name: what the code gets in place of the secrets themselves."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Input files by plain name; the code gets copies."""
    keeps_files: bool = False
    """True where the plain files that the code leaves in its output folder come back (`CallResult.artefacts`)."""

    @property
    def empty(self) -> bool:
        """True where the guest has nothing to be told."""
        return not (self.script or self.host or self.secrets or self.files or self.keeps_files)

    def check(self, max_file_bytes: int, *, live: bool) -> None:
        """Raises `ValueError` for a host that is not possible here, and for files that are too large or badly named."""
        if self.host and (self.script or not live):
            raise ValueError("a real host is for single calls, and never beside a script")
        for name in self.files:
            if not is_plain(name):
                raise ValueError(f"{name!r} is not the plain name of a file")
        if sum(map(len, self.files.values())) > max_file_bytes:
            raise ValueError(f"the input files are larger than the limit of {max_file_bytes:,} bytes")

    def told(self) -> dict[str, Any]:
        """What the guest is told of them, in JSON."""
        script = (
            {"exchanges": list(self.script.exchanges), "functions": dict(self.script.functions)}
            if self.script
            else None
        )
        return {
            "live": self.host is not None,
            "script": script,
            "secrets": dict(self.secrets),
            "files": {name: base64.b64encode(data).decode() for name, data in self.files.items()},
            "keeps_files": self.keeps_files,
        }


def is_plain(name: str) -> bool:
    """True for a name that leads to no other folder, and that any file system takes."""
    size = len(name.encode("utf-8", "surrogatepass"))
    return 0 < size <= MAX_NAME_BYTES and name not in (".", "..") and name.isprintable() and not set(name) & set("/\\")
