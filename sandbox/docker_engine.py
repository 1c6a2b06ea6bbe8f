"""The connection to a Docker engine: found, checked, and its errors made ours."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError, SandboxUnavailable

OLDEST_API = (1, 41)
"""That of Engine 20.10."""
ANSWER_TIMEOUT_S = 60
CONNECTIONS = 32
HOW_TO_GET_ONE = (
    "Install Docker Engine 20.10 or newer (Debian: `apt-get install docker.io`) and start it, or leave it: "
    "pure Python functions do not need it."
)


class EngineFault(SandboxError):
    """The Docker engine refused or broke off a request. `docker info` shows its own view."""


def connect(host: str | None) -> Any:
    """The engine at that address, or at the usual socket. Raises `SandboxUnavailable` where none is fit for us."""
    where = host or usual_socket()
    nobody = SandboxUnavailable(f"No Docker engine answers at {where}", advice=HOW_TO_GET_ONE)
    try:
        knock(where)  # before the package is imported, which takes longer
    except OSError as error:
        raise nobody from error
    try:
        from docker import APIClient
    except ImportError as error:
        raise SandboxUnavailable(
            "The Python package `docker` is not installed", advice="Install it: `pip install 'docker>=7.1'`."
        ) from error
    try:
        with engine_errors():
            api = APIClient(base_url=where, timeout=ANSWER_TIMEOUT_S, max_pool_size=CONNECTIONS)
    except EngineFault as error:
        raise nobody from error
    try:
        with engine_errors():
            refuse_unfit(api.info(), api.api_version)
    except SandboxError:
        api.close()
        raise
    return api


def usual_socket() -> str:
    """The system's engine, or where that has no socket, the user's own."""
    sockets = (Path("/var/run/docker.sock"), Path(f"/run/user/{os.getuid()}/docker.sock"))
    return f"unix://{next((path for path in sockets if path.exists()), sockets[0])}"


def knock(where: str) -> None:
    """Raise `OSError` where nobody listens at a Unix socket: the library would leave one of its own open then."""
    if where.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(where.removeprefix("unix://"))


def refuse_unfit(info: dict[str, Any], api_version: str) -> None:
    """Raise `SandboxUnavailable` for an engine that is too old or cannot enforce what the sandbox promises."""
    if tuple(int(part) for part in api_version.split(".")) < OLDEST_API:
        raise SandboxUnavailable(f"The Docker engine speaks API {api_version}; 1.41 (Engine 20.10) is needed")
    lacks = [word for key, word in (("MemoryLimit", "memory"), ("PidsLimit", "processes")) if info.get(key) is False]
    if lacks:
        raise SandboxUnavailable(
            f"The Docker engine cannot limit {' and '.join(lacks)} on this machine",
            advice="A rootless engine needs cgroup v2 with the memory and pids controllers delegated to the user.",
        )
    if not any("seccomp" in option for option in info.get("SecurityOptions") or ()):
        raise SandboxUnavailable(
            "The Docker engine filters no system calls", advice="Use an engine built with seccomp, on a kernel with it."
        )


def library_errors() -> tuple[type[Exception], ...]:
    """What the `docker` package and those beneath it raise."""
    from docker.errors import DockerException, StreamParseError
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError, ProxySchemeUnsupported

    return DockerException, StreamParseError, RequestException, HTTPError, ProxySchemeUnsupported, OSError


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Turn the libraries' errors into `EngineFault`."""
    try:
        yield
    except library_errors() as error:
        reason = getattr(error, "explanation", None) or error
        raise EngineFault(f"The Docker engine: {str(reason)[:500]}") from error


@contextlib.contextmanager
def already_gone() -> Iterator[None]:
    """Let pass that a container or image is no longer there, or is just being removed."""
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        if error.status_code not in (404, 409):
            raise
