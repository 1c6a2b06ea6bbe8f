"""What every sandbox back end owes about its own life: status, closing, wrong settings."""

import importlib
from pathlib import Path

import pytest

from sandbox import BackendInfo, Call, Sandbox, SandboxUnavailable, Surroundings

ONE = Call(source="def f():\n    return 1\n", function="f")


def fresh(box: Sandbox, cache: Path) -> Sandbox:
    """Another sandbox of the same back end."""
    info: BackendInfo = importlib.import_module(f"sandbox.backends.{box.name}").BACKEND
    return info.open({"cache": str(cache)} if box.name == "wasm" else {}, lambda _: None)


def test_it_describes_itself(box: Sandbox) -> None:
    """A back end's file offers BACKEND under its own name, with a line for people."""
    info = importlib.import_module(f"sandbox.backends.{box.name}").BACKEND
    assert info.name == box.name
    assert info.summary
    assert "\n" not in info.summary


def test_status_says_available_and_how_fast(box: Sandbox) -> None:
    """Status never raises, and where the back end works it tells the speed of a fresh call."""
    status = box.status()
    assert status.available
    assert "ms" in status.detail


def test_where_it_works_nothing_speaks_against_it(box: Sandbox) -> None:
    """It is not absent where it can be called, whatever is around the call."""
    assert box.absence() is None
    assert box.within(Surroundings()).absence() is None


def test_close_twice_and_no_call_afterwards(box: Sandbox, cache: Path) -> None:
    """Closing is idempotent; a closed sandbox refuses calls by name, and its status says so without raising."""
    other = fresh(box, cache)
    assert other.call(ONE).value == 1
    other.close()
    other.close()
    with pytest.raises(SandboxUnavailable):
        other.call(ONE)
    with pytest.raises(SandboxUnavailable):
        other.run_tests({"test_it.py": "def test_it(): pass\n"})
    assert not other.status().available


def test_closing_before_the_first_call(box: Sandbox, cache: Path) -> None:
    """A sandbox that was never used can be closed."""
    other = fresh(box, cache)
    other.close()
    with pytest.raises(SandboxUnavailable):
        other.call(ONE)


def test_unknown_settings_are_refused_with_the_known_ones(box: Sandbox, cache: Path) -> None:
    """A setting that does not exist is an error that lists those that do."""
    info: BackendInfo = importlib.import_module(f"sandbox.backends.{box.name}").BACKEND
    with pytest.raises(SandboxUnavailable, match="Known:"):
        info.open({"cache": str(cache), "no_such_setting": 1}, lambda _: None)
