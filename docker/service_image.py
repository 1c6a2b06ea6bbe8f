"""The service's image: Kowal's wheel and those that it needs, by the hashes of the lock, on a base with git."""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import platformdirs
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from sandbox import SandboxError
from sandbox.docker_base import Bases, Tell, described, find_base, find_image, follow, packed
from sandbox.docker_engine import EngineFault, connect, engine_errors
from sandbox.docker_image import BASE_LABEL, STAGE_LABEL, remove_superseded
from sandbox.types import MIB

ROOT = Path(__file__).parents[1]
REPOSITORY = "kowal-service"
RECIPE = "service.Dockerfile"
BUILD_MEMORY_BYTES = 2048 * MIB
BASES = Bases(
    what="the service",
    pulled=("python", "3.13-slim"),
    repository=f"{REPOSITORY}-base",
    suites=(("trixie", "python3.13"),),  # what the image of Python is made of, too
    packages=("ca-certificates", "git", "openssh-client", "postgresql-client-17"),
    advice="Name an image with Python 3.12 or newer: `docker/build-service-image --base IMAGE`; or run it as root on a "
    "Debian with debootstrap.",
)
LOOK = (
    "import json, os, platform, shutil, sys; print(json.dumps([platform.libc_ver()[1], shutil.which('git') or '', {"
    "'python_version': '.'.join(platform.python_version_tuple()[:2]),"
    "'python_full_version': platform.python_version(), 'implementation_version': platform.python_version(),"
    "'implementation_name': sys.implementation.name, 'platform_python_implementation': 'CPython',"
    "'os_name': os.name, 'sys_platform': sys.platform, 'platform_system': platform.system(),"
    "'platform_machine': platform.machine(), 'platform_release': '', 'platform_version': ''}]))"
)
"""What is asked of a base: its C library, whether it has git, and what markers of requirements go by."""


def ensure_image(api: Any, base: str | None, tell: Tell) -> str:
    """The image's name, which has a digest of all that goes into it; it is built first where it is missing."""
    base = base or find_base(api, BASES, None, tell)
    libc, git, markers = looked_at(api, base)
    needed = locked(markers)
    with tempfile.TemporaryDirectory() as folder:
        own = wheel(Path(folder))
        parts = [base.encode(), (ROOT / "docker" / RECIPE).read_bytes(), needed.encode(), own.read_bytes()]
        name = f"{REPOSITORY}:{hashlib.sha256(b'\n'.join(parts)).hexdigest()[:16]}"
        if find_image(api, name):
            return name
        context = Path(folder) / "context"
        lay_out(context, own, fetched(needed, markers, libc, tell), needed)
        tell(f"Building the service's image from {base} (once, about a minute)")
        build(api, context, name, base, tell, closed=bool(git))
    remove_superseded(api, name, repository=REPOSITORY)
    return name


def looked_at(api: Any, base: str) -> tuple[str, str, Mapping[str, str]]:
    """What the Python of a base says of itself. Raises `EngineFault` where it has none."""
    with engine_errors():
        if not find_image(api, base):
            follow(api.pull(base, stream=True, decode=True), lambda _: None)
        made = api.create_container(base, entrypoint=["python3", "-I", "-c", LOOK], command=[], network_disabled=True)
        try:
            api.start(made["Id"])
            if api.wait(made["Id"])["StatusCode"]:
                raise EngineFault(f"{base} has no Python that works: {api.logs(made['Id']).decode()[-300:]}")
            libc, git, markers = json.loads(api.logs(made["Id"], stderr=False))
        finally:
            api.remove_container(made["Id"], v=True, force=True)
    return libc, git, markers


def locked(markers: Mapping[str, str]) -> str:
    """The part of the lock that Kowal needs on that Python: packages with the hashes of their files, none for tests."""
    names = {name for name, _ in needed_by("kowal", frozenset(), markers, set())} - {"kowal"}
    blocks = re.findall(r"^[A-Za-z0-9].*\n(?:[ ]+.*\n)*", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    of = {canonicalize_name(re.split(r"[^A-Za-z0-9._-]", block)[0]): block for block in blocks}
    return "".join(of[name] for name in sorted(names))


Needed = tuple[NormalizedName, frozenset[str]]
"""A package with its extras."""


def needed_by(name: str, extras: frozenset[str], markers: Mapping[str, str], seen: set[Needed]) -> set[Needed]:
    """A package and all that it needs there, as their metadata in this environment says."""
    this = (canonicalize_name(name), extras)
    if this not in seen:
        seen.add(this)
        for line in requires(name) or ():
            wanted = Requirement(line)
            if any(wanted.marker is None or wanted.marker.evaluate({**markers, "extra": e}) for e in {"", *extras}):
                needed_by(wanted.name, frozenset(wanted.extras), markers, seen)
    return seen


def fetched(needed: str, markers: Mapping[str, str], libc: str, tell: Tell) -> Path:
    """The folder of the wheels, each checked by its hash; what was fetched earlier is not fetched again."""
    kept = Path(platformdirs.user_cache_dir("kowal", appauthor=False)) / "service-wheels"
    folder = kept / hashlib.sha256(f"{needed}{markers}".encode()).hexdigest()[:16]
    if folder.is_dir():
        return folder
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept) as draft:
        listed, wheels = Path(draft) / "requirements.txt", Path(draft) / "wheels"
        listed.write_text(needed)
        tell("Fetching the packages that the lock names (once, about half a minute)")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--dest", str(wheels), "--requirement", str(listed), *target(markers, libc)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EngineFault(f"The packages cannot be fetched: {done.stderr.strip()[-600:]}")
        for older in kept.glob("????????????????"):
            shutil.rmtree(older)
        wheels.rename(folder)
    return folder


def target(markers: Mapping[str, str], libc: str) -> Iterator[str]:
    """Has pip fetch wheels for the base's Python and processor, whatever those of this machine are."""
    number = markers["python_version"]
    yield from ("--only-binary", ":all:", "--implementation", "cp", "--python-version", number)
    yield from (word for abi in (f"cp{number.replace('.', '')}", "abi3", "none") for word in ("--abi", abi))
    major, minor = (int(part) for part in libc.split(".")[:2])
    tags = [f"manylinux_{major}_{each}" for each in range(minor, 4, -1)] + ["manylinux2014", "linux"]
    yield from (word for tag in tags for word in ("--platform", f"{tag}_{markers['platform_machine']}"))


def wheel(folder: Path) -> Path:
    """Kowal's own wheel, made of this checkout: the same bytes for the same files."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def lay_out(context: Path, own: Path, wheels: Path, needed: str) -> None:
    """Write all that the recipe copies."""
    shutil.copytree(wheels, context / "wheels")
    (context / "wheels" / "requirements.txt").write_text(needed)
    (context / "kowal").mkdir()
    shutil.copy(own, context / "kowal")
    shutil.copy(ROOT / "docker" / RECIPE, context / RECIPE)


def build(api: Any, context: Path, name: str, base: str, tell: Tell, *, closed: bool) -> None:
    """Build the image under that name; `closed` to every network where the base has all."""
    with engine_errors():
        events = api.build(
            fileobj=packed(context), custom_context=True, dockerfile=RECIPE, tag=name, rm=True, forcerm=True,
            decode=True, buildargs={"BASE": base, "VERSION": version("kowal")},
            labels={BASE_LABEL: described(api, base)}, network_mode="none" if closed else None,
            container_limits={"memory": BUILD_MEMORY_BYTES, "memswap": BUILD_MEMORY_BYTES},
        )  # fmt: skip
        follow(events, tell)
        api.prune_images(filters={"dangling": True, "label": STAGE_LABEL})


def main() -> int:
    """Build the image where it is missing and print its name, digest and size; progress goes to standard error."""
    parser = argparse.ArgumentParser(prog="build-service-image", description="Build the image of the Kowal service.")
    parser.add_argument("--base", help="an image with Python 3.12 or newer, to build on")
    parser.add_argument("--tag", help="another name for the image, for example kowal:0.1.0")
    parser.add_argument("--host", help="the engine's address")
    asked = parser.parse_args()

    def tell(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    try:
        api = connect(asked.host)
        name = ensure_image(api, asked.base, tell)
        found = find_image(api, name) or {}
        if asked.tag:
            with engine_errors():
                api.tag(name, *asked.tag.rsplit(":", 1))
    except SandboxError as error:
        tell(f"{error}\n{error.advice}")
        return error.exit_code
    sys.stdout.write(f"{asked.tag or name} {found.get('Id')} ({found.get('Size', 0) / 1e6:.0f} MB)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
