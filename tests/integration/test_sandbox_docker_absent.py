"""The Docker back end where no engine answers, or one that is not fit: said plainly, and nothing else changes."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import docker.errors
import pytest
import requests.exceptions
import urllib3.exceptions

from sandbox import Call, SandboxUnavailable
from sandbox.backends.docker import BACKEND
from sandbox.docker_base import packed
from sandbox.docker_engine import EngineFault, connect, engine_errors, library_errors, refuse_unfit
from sandbox.docker_image import ETC_FILES, image_tag, lay_out

ONE = Call(source="def f():\n    return 1\n", function="f")
FIT = {"MemoryLimit": True, "PidsLimit": True, "SecurityOptions": ["name=seccomp,profile=default"]}


def test_without_an_engine_the_error_says_how_to_get_one(tmp_path: Path) -> None:
    """A call raises with the address that was tried and with advice; the status says the same and raises nothing."""
    address = f"unix://{tmp_path}/docker.sock"
    box = BACKEND.open({"host": address}, lambda _: None)
    with pytest.raises(SandboxUnavailable, match="No Docker engine answers") as caught:
        box.call(ONE)
    assert address in str(caught.value)
    assert "docker.io" in caught.value.advice
    status = box.status()
    assert not status.available
    assert status.advice == caught.value.advice
    box.close()


def test_asking_for_an_engine_is_cheap(tmp_path: Path) -> None:
    """That nobody listens at the socket is found out without the `docker` package, and said instead of raised."""
    program = (
        "import sys\nfrom sandbox.backends.docker import BACKEND\n"
        f"absence = BACKEND.open({{'host': 'unix://{tmp_path}/docker.sock'}}, print).absence()\n"
        "print(type(absence).__name__, 'docker' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["SandboxUnavailable", "False"]


def test_what_is_no_engine_is_named(tmp_path: Path) -> None:
    """An address of nonsense is an error of ours, not of the library."""
    for address in ("nonsense://x", "tcp://127.0.0.1:1", f"unix://{tmp_path}"):
        with pytest.raises(SandboxUnavailable):
            connect(address)


@pytest.mark.parametrize(
    "section", [{"no_such": 1}, {"waiting": -1}, {"calls_per_container": "task"}, {"pids": "many"}, {"cpus": 0}]
)
def test_wrong_settings_are_refused_before_an_engine_is_asked(section: dict[str, Any]) -> None:
    """The error names the setting and lists those that exist."""
    with pytest.raises(SandboxUnavailable, match="Known: cache, host") as caught:
        BACKEND.open(section, lambda _: None)
    assert next(iter(section)) in str(caught.value)


@pytest.mark.parametrize(
    ("info", "api_version", "reason"),
    [
        (FIT, "1.40", "20.10"),
        ({**FIT, "MemoryLimit": False}, "1.41", "memory"),
        ({**FIT, "PidsLimit": False}, "1.41", "processes"),
        ({**FIT, "SecurityOptions": ["name=apparmor"]}, "1.41", "system calls"),
        ({**FIT, "SecurityOptions": None}, "1.41", "system calls"),
    ],
)
def test_an_engine_that_cannot_confine_is_refused(info: dict[str, Any], api_version: str, reason: str) -> None:
    """An engine that is too old, or cannot limit or filter, is not used with less."""
    with pytest.raises(SandboxUnavailable, match=reason):
        refuse_unfit(info, api_version)
    refuse_unfit(FIT, "1.41")


def errors_of(module: Any) -> list[type[BaseException]]:
    """The errors that a module defines; warnings are none."""
    classes = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if kind.__module__ == module.__name__]
    return [kind for kind in classes if issubclass(kind, Exception) and not issubclass(kind, Warning)]


@pytest.mark.parametrize("module", [docker.errors, requests.exceptions, urllib3.exceptions], ids=lambda m: m.__name__)
def test_every_error_of_the_libraries_becomes_ours(module: Any) -> None:
    """None of the errors that the package and those beneath it define reaches a caller."""
    assert [kind for kind in errors_of(module) if not issubclass(kind, library_errors())] == []


def test_an_error_of_the_libraries_becomes_ours() -> None:
    """The engine's own words are in it."""
    with pytest.raises(EngineFault, match="no such thing"), engine_errors():
        raise docker.errors.APIError("x", explanation="no such thing")


def test_the_image_has_all_that_goes_into_it_in_its_name() -> None:
    """The same inputs give the same name, another base another one."""
    assert image_tag(None) == image_tag(None) != image_tag("python:3.13-slim")


def test_the_build_context_is_the_same_twice(tmp_path: Path) -> None:
    """The archive that the engine builds from has the same bytes for the same files, and no user but the guest's."""
    archives = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        lay_out(tmp_path / name)
        archives.append(packed(tmp_path / name).getvalue())
    assert archives[0] == archives[1]
    assert b"root" not in (tmp_path / "one/etc/passwd").read_bytes()
    assert set(ETC_FILES) == {"passwd", "group"}
