"""What every image of ours is built on and with: a base that is pulled or put together from Debian's packages."""

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.docker_engine import EngineFault, engine_errors
from sandbox.errors import SandboxUnavailable

DEBIAN_MIRROR = "http://deb.debian.org/debian"
DEBOOTSTRAP_SCRIPT = Path("/usr/share/debootstrap/scripts/sid")
"""It serves suites that are newer than the debootstrap that is installed."""
DEBOOTSTRAP_TIMEOUT_S = 900
NOT_NEEDED = (
    "var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale",
)  # fmt: skip

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Bases:
    """Where the base of one image of ours comes from, in the order in which it is looked for."""

    what: str
    """The image that is built on it, as people are told: `the sandbox`."""
    pulled: tuple[str, str]
    """Repository and tag at the registry."""
    repository: str
    """Under which bases that are put together here are kept."""
    suites: tuple[tuple[str, str], ...]
    """Suites of Debian, each with its package of Python; the first that has the package is taken."""
    packages: tuple[str, ...] = ()
    """What is wanted besides Python."""
    advice: str
    """What a person can do where none of it works."""

    def ours(self, suite: str, package: str) -> str:
        """The name of the base that is put together from that suite."""
        return f"{self.repository}:{suite}-{package}"


def find_image(api: Any, name: str) -> dict[str, Any] | None:
    """What the engine knows of an image; None where it has none of that name."""
    from docker.errors import ImageNotFound

    with engine_errors():
        try:
            found: dict[str, Any] = api.inspect_image(name)
        except ImageNotFound:
            return None
        return found


def packed(folder: Path) -> io.BytesIO:
    """The folder as a tar archive, owned by root and readable by all, the same bytes for the same files."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        return entry.replace(
            uid=0, gid=0, mtime=0, mode=0o755 if entry.isdir() else 0o644, uname="", gname="", deep=False
        )

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name, filter=plain)
    buffer.seek(0)
    return buffer


def follow(events: Iterable[dict[str, Any]], tell: Tell) -> None:
    """Pass the engine's steps on. Raises `EngineFault` for the error it reports in them, with what was said last."""
    said: list[str] = []
    for event in events:
        if "error" in event:
            raise EngineFault(f"The Docker engine: {event['error']}\n{''.join(said[-20:])}".strip())
        text = str(event.get("stream", ""))
        if text.startswith("Step "):
            tell(text.strip()[:100])
        said.append(text)


def described(api: Any, base: str) -> str:
    """The base's name with the digest under which its registry knows it, or else with its own."""
    found = find_image(api, base) or {}
    return str((found.get("RepoDigests") or [f"{base}@{found.get('Id', 'unknown')}"])[0])


def find_base(api: Any, bases: Bases, workspace: Path | None, tell: Tell) -> str:
    """An image with a suitable Python: one that is here, one from the registry, or one made of Debian's packages."""
    pulled = ":".join(bases.pulled)
    for name in (pulled, *(bases.ours(*each) for each in bases.suites)):
        if find_image(api, name):
            return name
    tell(f"Pulling {pulled}")
    try:
        with engine_errors():
            follow(api.pull(*bases.pulled, stream=True, decode=True), tell)
        return pulled
    except EngineFault as error:
        reason = str(error)
        tell("It cannot be pulled; a base is put together from Debian's packages instead (once, about a minute)")
    return bootstrap(api, bases, workspace, tell, reason)


def bootstrap(api: Any, bases: Bases, workspace: Path | None, tell: Tell, reason: str) -> str:
    """The name of a base image made by debootstrap. Raises `SandboxUnavailable` where that is not possible."""
    no_base = SandboxUnavailable(f"No base image for {bases.what}: {reason[:300]}", advice=bases.advice)
    if shutil.which("debootstrap") is None:
        raise no_base
    for suite, package in bases.suites:
        with tempfile.TemporaryDirectory(dir=workspace, prefix="base-") as folder:
            tell(f"Debian {suite}, {package}")
            if unpack(Path(folder) / "root", suite, package, bases.packages):
                name = bases.ours(suite, package)
                with engine_errors():
                    api.import_image_from_file(archived(Path(folder)), *name.split(":"))
                return name
    raise no_base


def unpack(root: Path, suite: str, package: str, others: tuple[str, ...] = ()) -> bool:
    """A Debian with these packages and little else in `root`; False where it cannot be had."""
    wanted = ",".join((package, *others))
    command = ["debootstrap", "--variant=minbase", f"--include={wanted}", suite, str(root), DEBIAN_MIRROR]
    if DEBOOTSTRAP_SCRIPT.exists():
        command.append(str(DEBOOTSTRAP_SCRIPT))
    try:
        done = subprocess.run(command, capture_output=True, timeout=DEBOOTSTRAP_TIMEOUT_S, check=False)
    except (subprocess.TimeoutExpired, OSError):
        return False
    if done.returncode:
        return False
    for name in NOT_NEEDED:
        shutil.rmtree(root / name, ignore_errors=True)
    shortcut = root / "usr/bin/python3"
    if not shortcut.exists():
        shortcut.symlink_to(package)
    return True


def archived(folder: Path) -> str:
    """The tar archive of `folder/root`, devices and owners included."""
    target = folder / "root.tar"
    with tarfile.open(target, "w") as archive:
        archive.add(folder / "root", ".")
    return str(target)
