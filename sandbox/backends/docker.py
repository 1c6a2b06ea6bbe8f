"""The production back end: CPython in hardened containers of a Docker engine, started ahead of the calls."""

import contextlib
import hashlib
import statistics
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, override

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.base import BaseSandbox, decode, encode, failed, max_answer_bytes
from sandbox.children import ChildDied, ChildSilent
from sandbox.conversation import BadAsk, converse
from sandbox.docker_base import find_image
from sandbox.docker_container import Build, Container, NotBegun, Size, request_frame
from sandbox.docker_engine import EngineFault, connect, engine_errors
from sandbox.docker_image import BASE_LABEL, ensure_image, how_to_build, image_tag
from sandbox.docker_pool import OWNER_LABEL, Pool, owner, remove_strays
from sandbox.errors import SandboxError, SandboxUnavailable
from sandbox.kept import Kept
from sandbox.protocol import BackendInfo
from sandbox.stopping import stoppable
from sandbox.surroundings import Packages, Surroundings
from sandbox.types import Call, FailureKind, Limits, SandboxStatus

MOST_LAYERS = 4
"""For so many sets of packages containers are kept waiting."""
VERSIONS = "import sys, pytest\ndef versions():\n    return [sys.version.split()[0], pytest.__version__]\n"


class DockerConfig(BaseModel):
    """The settings of this back end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cache: Path | None = None
    """The folder in which a base image is put together."""
    host: str | None = None
    """The engine's address, for example `unix:///run/user/1000/docker.sock`; without it the usual socket."""
    image: str | None = None
    """An image made by the recipe elsewhere; without it, it is built at the first call."""
    base: str | None = None
    """The image with Python to build on; without it `python:3.14-slim`, or one made of Debian's packages."""
    runtime: str | None = None
    """The engine's runtime, for example `runsc` for gVisor; without it the engine's default."""
    waiting: int = Field(default=4, ge=0, le=64)
    """Containers started ahead."""
    calls_per_container: Literal["call", "version"] = "call"
    """Whether a container serves one call, or the calls of one source, one after another."""
    cpus: float = Field(default=1.0, gt=0)
    """Processors that one container may use."""
    pids: int = Field(default=64, ge=8)
    """Processes and threads in one container."""
    open_files: int = Field(default=256, ge=64)
    """Files that one process may have open."""


class DockerSandbox(BaseSandbox):
    """Every call gets a container of its own, unless the settings let the calls of one source share theirs."""

    name = "docker"

    def __init__(self, config: DockerConfig, on_progress: Callable[[str], None]) -> None:
        self._config, self._on_progress = config, on_progress
        self._lock = threading.Lock()
        self._api: Any = None
        self._pool: Pool | None = None
        self._layered = Kept[Pool](MOST_LAYERS)
        self._digest = ""
        self._closed = False
        self._environment: dict[str, str] = {}

    @override
    def lacks(self, around: Surroundings) -> str:
        """Nothing."""
        return ""

    def absence(self) -> SandboxError | None:
        """No engine, one that is not fit, or an image that is named in the settings and not there."""
        try:
            if self._config.image and not self._image_is_there():
                return SandboxUnavailable(f"The engine has no image {self._config.image}", advice="Pull or load it.")
            with self._lock:
                self._connected()
        except SandboxError as error:
            return error
        return None

    def warm_up(self) -> None:
        """Start containers in the background, where the image is there already."""
        if self._image_is_there():
            self._opened().replenish()

    def close(self) -> None:
        """Stop the containers that wait. A call afterwards raises `SandboxUnavailable`."""
        with self._lock:
            pool, api, self._pool, self._api, self._closed = self._pool, self._api, None, None, True
        if pool is not None:
            pool.close()
        self._layered.close()
        if api is not None:
            api.close()

    def status(self) -> SandboxStatus:
        """The engine, its image, and the median of fresh calls that found a container waiting. It builds no image."""
        probe = Call(source="def one():\n    return 1\n", function="one")
        try:
            if not self._image_is_there():
                return SandboxStatus(
                    available=False,
                    detail=f"an engine answers; the image {self._image_name()} is not built yet",
                    advice=f"Nothing is needed: {how_to_build()}",
                )
            seen = self.environment()
            self._opened().settle()
            times = [self.call(probe).seconds * 1000 for _ in range(max(1, min(5, self._config.waiting)))]
        except SandboxError as error:
            return SandboxStatus(available=False, detail=str(error), advice=error.advice)
        image = f"{self._image_name()} {self._digest.removeprefix('sha256:')[:12]} on {self._base()}"
        detail = (
            f"{seen['engine']}, image {image}, Python {seen['python']}, fresh call {statistics.median(times):.1f} ms"
        )
        return SandboxStatus(available=True, detail=detail)

    def environment(self) -> dict[str, str]:
        """The engine, the image, and what the guest itself says of its Python and pytest; asked once."""
        with self._lock:
            known = self._environment
        if not known:
            said = self.call(Call(source=VERSIONS, function="versions"))
            if said.failure is not None:
                raise EngineFault(f"The image's Python does not tell its version: {said.failure.message}")
            python, pytest = said.value
            with engine_errors():
                engine = f"docker {self._api.version()['Version']}"
            known = {"backend": self.name, "engine": engine, "python": python, "pytest": pytest, "image": self._digest}
            known |= {"runtime": self._config.runtime} if self._config.runtime else {}
            with self._lock:
                self._environment = known
        return dict(known)

    def _image_name(self) -> str:
        return self._config.image or image_tag(self._config.base)

    def _base(self) -> str:
        """The image that ours was built on, as its label says, without the digest."""
        with self._lock:
            found = find_image(self._connected(), self._image_name()) or {}
        return str(((found.get("Config") or {}).get("Labels") or {}).get(BASE_LABEL, "an unknown base")).split("@")[0]

    def _image_is_there(self) -> bool:
        with self._lock:
            return find_image(self._connected(), self._image_name()) is not None

    def _connected(self) -> Any:
        """The engine; call it with the lock held."""
        if self._closed:
            raise SandboxUnavailable("This sandbox has been closed", advice="Open another one.")
        if self._api is None:
            self._api = connect(self._config.host)
            remove_strays(self._api)
        return self._api

    def _opened(self) -> Pool:
        with self._lock:
            api, config = self._connected(), self._config
            if self._pool is None:
                self._digest = ensure_image(
                    api, image=config.image, base=config.base, workspace=config.cache, tell=self._on_progress
                )
                self._pool = self._new_pool(api, None, config.waiting)
            return self._pool

    def _new_pool(self, api: Any, layer: Path | None, waiting: int) -> Pool:
        """Containers of the image, which is there by now."""
        config = self._config
        build = Build(
            image=self._digest,
            labels={OWNER_LABEL: owner()},
            runtime=config.runtime,
            cpus=config.cpus,
            pids=config.pids,
            open_files=config.open_files,
            layer=layer,
        )
        return Pool(lambda size: Container(api, build, size), waiting=waiting, kept=max(1, config.waiting))

    @contextlib.contextmanager
    def _pool_with(self, packages: Packages | None) -> Iterator[Pool]:
        """The containers in which these packages are, and no others."""
        plain = self._opened()
        if packages is None:
            yield plain
            return
        with self._lock:
            api = self._connected()
        waiting = min(1, self._config.waiting)
        with self._layered.use(packages.digest, lambda: self._new_pool(api, packages.folder, waiting)) as pool:
            yield pool

    def _exchange(self, request: Mapping[str, Any], limits: Limits, around: Surroundings) -> dict[str, Any]:
        shared = self._config.calls_per_container == "version" and request["op"] != "tests"
        key = hashlib.sha256(request["source"].encode("utf-8", "surrogatepass")).hexdigest() if shared else None
        frame = request_frame(encode(request), limits, max_answer_bytes(limits, around))
        try:
            return self._attempt(around, key, frame, limits)
        except NotBegun:
            try:
                return self._attempt(around, key, frame, limits)
            except NotBegun as again:
                raise EngineFault(f"Two containers in a row took no request: {again}") from again

    def _attempt(self, around: Surroundings, key: str | None, frame: bytes, limits: Limits) -> dict[str, Any]:
        """The envelope from one container. Raises `NotBegun` where it did not take the request."""
        try:
            size = Size.of(limits)
            with (
                self._pool_with(around.packages) as pool,
                pool.borrow(key, size) as container,
                stoppable(container.kill),
            ):
                container.begin(frame, max_answer_bytes(limits, around))
                return decode(converse(container, around.host, limits.wall_clock_s), limits, around)
        except ChildSilent:
            return failed(FailureKind.TIMEOUT, f"it was stopped after {limits.wall_clock_s:g} s")
        except ChildDied:
            return failed(FailureKind.CRASH, "its container ended before it had answered")
        except BadAsk as bad:
            return failed(FailureKind.CRASH, f"the code used the host's channel for something else: {bad}")


def open_docker(section: Mapping[str, Any], on_progress: Callable[[str], None]) -> DockerSandbox:
    """The back end for its section of the settings. Raises `SandboxUnavailable` for wrong settings."""
    try:
        return DockerSandbox(DockerConfig.model_validate(dict(section)), on_progress)
    except ValidationError as error:
        wrong = error.errors()[0]
        known = ", ".join(DockerConfig.model_fields)
        raise SandboxUnavailable(
            f"The settings of the sandbox `docker` are wrong: {wrong['msg']} ({wrong['loc'][0]}). Known: {known}"
        ) from error


BACKEND = BackendInfo(
    name="docker",
    summary="CPython in hardened containers of a Docker engine: processes, threads, native code",
    open=open_docker,
)
