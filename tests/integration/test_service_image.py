"""The service's image: built from this checkout, run as the least of users, and ended as an orchestrator ends it."""

import io
import json
import secrets
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docker import DockerClient
from sandbox import SandboxUnavailable
from sandbox.docker_engine import connect, usual_socket
from sandbox.snapshot import ensure_snapshot

ROOT = Path(__file__).parents[2]
BUILD_TIMEOUT_S = 290
DEADLINE_S = 120
HARDENED: dict[str, Any] = {
    "read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"], "network_mode": "none",
    "tmpfs": {"/tmp": "size=256m,mode=1777"}, "mem_limit": "2g", "pids_limit": 512,
}  # fmt: skip
"""As compose.yml has it, and without any network."""
SETTINGS = {"KOWAL_BUILT_INS": '["count_words"]', "KOWAL_PROVIDERS": '["scripted"]', "KOWAL_SANDBOX": "wasm"}
ASKED = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8420{}', timeout=4).status)"


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerClient]:
    """The engine; the tests are skipped where none answers."""
    try:
        connect(None).close()
    except SandboxUnavailable as error:
        pytest.skip(f"docker: {error}. {error.advice}")
    client = DockerClient(base_url=usual_socket(), timeout=DEADLINE_S)
    yield client
    client.close()


@pytest.fixture(scope="module")
def image(engine: DockerClient, once: Callable[[str, Callable[[Path], None]], Path]) -> str:
    """The image, built where it is missing; its name."""

    def build(folder: Path) -> None:
        done = subprocess.run(
            [ROOT / "docker" / "build-service-image"], capture_output=True, text=True, timeout=BUILD_TIMEOUT_S
        )
        (folder / "said").write_text(done.stdout if done.returncode == 0 else f"!{done.stderr}")

    said = (once("service-image", build) / "said").read_text()
    if said.startswith("!"):
        pytest.skip(f"docker: the service's image cannot be built: {said[1:][-300:]}")
    return said.split()[0]


@pytest.fixture(scope="module")
def volumes(engine: DockerClient, image: str, cache: Path) -> Iterator[dict[str, Any]]:
    """New volumes for what is kept, as they are mounted; the sandbox's snapshot is that of this machine's user."""
    made = {place: engine.volumes.create(f"kowal-test-{secrets.token_hex(6)}") for place in ("lib", "cache")}
    mounts = {volume.name: {"bind": f"/var/{place}/kowal", "mode": "rw"} for place, volume in made.items()}
    carrier = engine.containers.create(image, volumes=mounts)
    carrier.put_archive("/var/cache/kowal", owned_by_the_service(ensure_snapshot(cache, lambda _: None)))
    carrier.remove()
    yield mounts
    for volume in made.values():
        volume.remove()


def owned_by_the_service(folder: Path) -> bytes:
    """The folder as an archive whose files are the service's user's."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, folder.name, filter=lambda entry: entry.replace(uid=10001, gid=10001, deep=False))
    return buffer.getvalue()


@pytest.fixture
def start(engine: DockerClient, image: str, volumes: dict[str, Any]) -> Iterator[Callable[..., Any]]:
    """Starts hardened containers of the image on the volumes; none is left at the end."""
    started: list[Any] = []

    def begin(*words: str, environment: dict[str, str] | None = None, **options: Any) -> Any:
        given = {"environment": SETTINGS | (environment or {}), "volumes": volumes, "detach": True}
        started.append(engine.containers.run(image, list(words), **HARDENED | given | options))
        return started[-1]

    yield begin
    for container in started:
        container.remove(force=True, v=True)


def said(container: Any) -> str:
    """What the container's command said, which must end well."""
    code = container.wait(timeout=DEADLINE_S)["StatusCode"]
    assert code == 0, f"{code}: {container.logs().decode()}"
    return str(container.logs(stderr=False).decode())


def until(true: Callable[[], bool], container: Any) -> None:
    """Wait for something of a container that runs."""
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        container.reload()
        assert container.status == "running", container.logs().decode()
        assert time.monotonic() < deadline, container.logs().decode()
        time.sleep(0.2)


def inside(container: Any, *words: str) -> str:
    """What a command says inside a container that runs; it must end well."""
    code, output = container.exec_run(list(words), demux=True)
    assert code == 0, output
    return str((output[0] or b"").decode())


def test_the_image_is_what_an_operator_expects(engine: DockerClient, image: str) -> None:
    """A numeric user that is not root, `kowal serve`, a health check, SIGTERM, labels, its folders; not too large."""
    found = engine.images.get(image)
    config = found.attrs["Config"]
    assert (config["User"], config["StopSignal"]) == ("10001:10001", "SIGTERM")
    assert (config["Entrypoint"], config["Cmd"]) == (["kowal"], ["serve"])
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "python"]
    assert set(config["Volumes"]) == {"/var/lib/kowal", "/var/cache/kowal"}
    assert {"title", "description", "licenses", "version"} <= {
        label.removeprefix("org.opencontainers.image.") for label in config["Labels"]
    }
    assert found.attrs["Size"] < 700e6


def test_the_image_has_no_tools_to_build_and_nothing_that_was_only_needed_to_build(start: Callable[..., Any]) -> None:
    """No compiler, no package index's or Debian's cache, no wheel, no test library of ours; and nothing to write to."""
    look = (
        "for tool in cc gcc g++ ld make curl wget; do command -v $tool; done; ls /var/lib/apt/lists /wheels /kowal /uv;"
        "ls -d /opt/kowal/lib/python*/site-packages/hypothesis; find /opt/kowal /etc -writable ! -type l;"
        "find / -xdev -name '*.whl' -o -xdev -name '*.tar.gz' -path '/opt/*'"
    )
    container = start("-c", f"{{ {look}; }} 2>/dev/null; true", entrypoint=["sh"])
    assert said(container).split() == []
    assert said(start("-c", "id -u; git --version; pg_dump --version; ssh -V 2>&1", entrypoint=["sh"])).split()[:2] == [
        "10001", "git",
    ]  # fmt: skip


def test_a_task_is_done_inside(start: Callable[..., Any]) -> None:
    """Without a network, on a root that cannot be written: the function is proven, run, and found again later."""
    outcome = json.loads(said(start("run", "count words in a text", "-a", "text=a b", "--json")))
    assert (outcome["value"], outcome["function"]) == (2, "count_words")
    assert said(start("tokens", "create", "ann", "--scope", "tasks")).startswith("kowal_")
    parts = {part["part"]: part for part in json.loads(said(start("doctor", "--json")))}
    assert all(parts[name]["ok"] for name in ("sandbox wasm", "registry", "database"))
    assert "kowal serve" in parts["http"]["detail"]
    assert "1 in production" in parts["registry"]["detail"]


def test_the_service_becomes_ready_and_ends_on_sigterm(start: Callable[..., Any]) -> None:
    """It is healthy with one token made, answers a task that is handed in, and ends with 0 when it is told to."""
    said(start("tokens", "create", "ann", "--scope", "tasks"))
    often = {"interval": 500_000_000, "timeout": 5_000_000_000, "retries": 30}
    service = start("serve", healthcheck=often)
    until(lambda: b'"serve.ready"' in service.logs(), service)
    until(lambda: service.attrs["State"]["Health"]["Status"] == "healthy", service)
    assert inside(service, "python", "-c", ASKED.format("/readyz")).strip() == "200"
    task = inside(service, "kowal", "tasks", "submit", "count words in a text", "-a", "text=a b c").strip()
    assert inside(service, "kowal", "tasks", "follow", task).split()[-1] == "3"
    service.kill("SIGTERM")
    assert service.wait(timeout=DEADLINE_S)["StatusCode"] == 0, service.logs().decode()
    assert b'"serve.ended"' in service.logs()
