"""uv at work: which versions go together, and their files. It neither builds nor runs anything of a package."""

import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from packaging.requirements import Requirement
from uv import find_uv_bin

from sandbox.errors import SandboxError
from sandbox.locks import Lock, UnfitText, read_lock

RESOLVE_TIMEOUT_S = 180
INSTALL_TIMEOUT_S = 900
NO_SOLUTION = 1
"""uv's exit code where it could ask the index and no versions fit."""
LONGEST_REASON = 400

_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+@")
_ABSENT = re.compile(r"\b([A-Za-z0-9._-]+) was not found in the package registry")
_TOO_YOUNG = re.compile(r"`([A-Za-z0-9._-]+)` was filtered by `exclude-newer`")
_NO_WHEEL = re.compile(r"\b([A-Za-z][A-Za-z0-9._-]*)(?:==\S+)? ha(?:s|ve) no (?:usable )?wheels")
_INDEX = re.compile(r"--(?:default-)?index-url (\S+)\n")


class PackagesUnavailable(SandboxError):
    """The packages that a function needs are not installed, and cannot be fetched now."""

    advice = "Check the network and the setting `requirements.index`; what is installed already needs neither."


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What came of asking the index: a lock, or why there can be none."""

    lock: Lock | None = None
    fault: str = ""
    """Why no versions fit, in a sentence; empty where there is a lock."""
    absent: tuple[str, ...] = ()
    """The packages that the index does not know."""


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """Asks one package index, and takes nothing from it that is younger than an age."""

    index: str = ""
    """The address of a simple index (PEP 503), which may hold a name and a password; empty for uv's own."""
    min_age_days: int = 30
    """Where it is 0, also files are taken of which the index does not say when they were uploaded."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables for the connection: proxies and certificates."""

    def resolve(self, requirements: Sequence[Requirement], python: str, keeping: Lock | None = None) -> Resolution:
        """The lock for these packages and that Python, with the versions of an earlier lock where they still fit.

        Raises `PackagesUnavailable` where the index does not answer.
        """
        with tempfile.TemporaryDirectory(prefix="kowal-") as folder:
            wanted, made = Path(folder, "wanted.txt"), Path(folder, "lock.txt")
            wanted.write_text("".join(f"{requirement}\n" for requirement in requirements))
            if keeping is not None:  # without its digests, which uv would take over: the index says what they are
                made.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in keeping.pins))
            arguments = ["pip", "compile", "--generate-hashes", "--no-header", "--no-annotate", "--output-file", made]
            done = self._run([*arguments, *self._target(python), wanted], folder, RESOLVE_TIMEOUT_S)
            if done.returncode == 0:
                return self._locked(made.read_text(), python)
        if done.returncode != NO_SOLUTION:
            raise PackagesUnavailable(f"The package index could not be asked: {reason_of(done.stderr)}")
        return self._refusal(done.stderr)

    def fetch(self, lock: Lock, target: Path) -> None:
        """Unpack the files of the lock into a folder. Raises `PackagesUnavailable`."""
        with tempfile.TemporaryDirectory(prefix="kowal-") as folder:
            wanted = Path(folder, "lock.txt")
            wanted.write_text(lock.text)
            arguments = ["pip", "install", "--no-deps", "--require-hashes", "--link-mode", "copy", "--target", target]
            done = self._run([*arguments, *self._target(lock.python), "-r", wanted], folder, INSTALL_TIMEOUT_S)
        if done.returncode != 0:
            raise PackagesUnavailable(f"The packages could not be fetched: {reason_of(done.stderr)}")

    def index_in_use(self) -> str:
        """The address that is asked; uv's own is uv's to say. Empty where it does not."""
        if self.index:
            return self.index
        with tempfile.TemporaryDirectory(prefix="kowal-") as folder:
            wanted = Path(folder, "wanted.txt")
            wanted.write_text("")
            arguments = ["pip", "compile", "--emit-index-url", "--no-header", *self._target("3.14"), wanted]
            done = self._run(arguments, folder, RESOLVE_TIMEOUT_S)
        found = _INDEX.search(f"{done.stdout}\n")
        return found[1] if found else ""

    def _target(self, python: str) -> list[str]:
        youngest = datetime.now(UTC) - timedelta(days=self.min_age_days)
        aged = ["--exclude-newer", f"{youngest:%Y-%m-%dT%H:00:00Z}"] if self.min_age_days else []
        return [
            "--only-binary", ":all:", "--no-python-downloads", "--python", sys.executable,
            "--python-version", python, "--python-platform", target_platform(), *aged,
        ]  # fmt: skip

    def _run(self, arguments: Sequence[object], folder: str, timeout_s: int) -> subprocess.CompletedProcess[str]:
        """What uv says, run with no settings of this machine's and a cache of its own that goes away with it."""
        fixed = {"HOME": folder, "UV_CACHE_DIR": f"{folder}/cache", "UV_NO_CONFIG": "1", "UV_HTTP_RETRIES": "1"}
        chosen = {"UV_DEFAULT_INDEX": self.index} if self.index else {}
        command = [find_uv_bin(), "--color", "never", "--no-progress", *map(str, arguments)]
        try:
            return subprocess.run(
                command,
                env={**self.environment, **fixed, **chosen},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PackagesUnavailable(f"The package index did not answer within {timeout_s} s") from error

    def _locked(self, made: str, python: str) -> Resolution:
        if not made.strip():
            return Resolution(fault="none of the packages is needed with this Python: leave them out")
        try:
            return Resolution(lock=read_lock(f"{Lock(python=python, pins=()).text}{made}"))
        except UnfitText as error:
            return Resolution(fault=str(error))

    def _refusal(self, said: str) -> Resolution:
        """The fault in words that help to choose another package."""
        if absent := tuple(dict.fromkeys(_ABSENT.findall(said))):
            names = ", ".join(f"`{name}`" for name in absent)
            return Resolution(fault=f"the package index does not have {names}", absent=absent)
        if young := dict.fromkeys(_TOO_YOUNG.findall(said)):
            names = ", ".join(f"`{name}`" for name in young)
            return Resolution(fault=f"{names} has nothing that fits and is older than {self.min_age_days} days")
        if sources := dict.fromkeys(_NO_WHEEL.findall(said)):
            names = ", ".join(f"`{name}`" for name in sources)
            return Resolution(fault=f"{names} comes without a ready-made wheel for this Python, and nothing is built")
        return Resolution(fault=f"no versions fit together: {reason_of(said)}")


def target_platform() -> str:
    """The kind of machine that containers here are, as uv names it."""
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    return f"{machine}-manylinux_2_28"


def reason_of(said: str) -> str:
    """The cause out of uv's report, in one line and without credentials."""
    lines = [line.strip().removeprefix("cause:").strip() for line in said.splitlines() if line.strip()]
    causes = [line for line in lines if not line.startswith(("error:", "hint:", "Using "))] or lines
    text = _CREDENTIALS.sub("", " ".join(causes))
    return text[:LONGEST_REASON] if text else "uv gave no reason"
