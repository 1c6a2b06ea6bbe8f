"""The embedded sandbox's processes and its snapshot, under kill, interrupts, damage and missing rights."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import Call, FailureKind, Limits, SandboxError, SnapshotFailed
from sandbox.backends.wasm import BACKEND, WasmSandbox
from sandbox.snapshot import ensure_snapshot, install, is_taken, snapshot_key, turn_to_build

ONE = Call(source="def f():\n    return 1\n", function="f")
SLEEP = Call(source="import time\ndef f():\n    time.sleep(30)\n", function="f")
NAP = Call(source="import time\ndef f():\n    time.sleep(1)\n    return 1\n", function="f")
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def opened(cache: Path, said: list[str] | None = None) -> WasmSandbox:
    """A sandbox of our own, so that killing its children disturbs nobody."""
    box = BACKEND.open({"cache": str(cache)}, (said if said is not None else []).append)
    assert isinstance(box, WasmSandbox)
    return box


@pytest.fixture
def box(cache: Path) -> Iterator[WasmSandbox]:
    """A sandbox that has answered once."""
    with_children = opened(cache)
    assert with_children.call(ONE).value == 1
    yield with_children
    with_children.close()


@pytest.fixture
def snapshot(cache: Path, tmp_path: Path) -> Path:
    """A cache folder of its own with a copy of the snapshot in it; the snapshot's folder."""
    folder = tmp_path / "cache" / f"wasm-{snapshot_key()}"
    shutil.copytree(ensure_snapshot(cache, lambda _: None), folder)
    folder.chmod(0o700)
    return folder


def engines(parent: int) -> list[int]:
    """The engine processes that a process has started and that run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_engine(entry, parent):
            found.append(int(entry.name))
    return sorted(found)


def is_engine(entry: Path, parent: int) -> bool:
    """True where the process is an engine, alive, and that parent's."""
    try:
        state, ppid = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        return ppid == str(parent) and state != "Z" and b"sandbox.engine" in (entry / "cmdline").read_bytes()
    except OSError:
        return False


def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether it becomes true in that time."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def test_killed_idle_children_are_replaced(box: WasmSandbox) -> None:
    """Children that somebody kills while they wait are not noticed by the next call."""
    for pid in engines(os.getpid()):
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)
    for _ in range(3):
        assert box.call(ONE).value == 1


def test_a_killed_busy_child_costs_no_call(box: WasmSandbox) -> None:
    """A child killed from outside in the middle of a call is not the guest's fault: the call is made again."""
    killer = threading.Timer(0.5, lambda: [os.kill(pid, signal.SIGKILL) for pid in engines(os.getpid())])
    killer.start()
    result = box.call(NAP)
    killer.join()
    assert result.value == 1
    assert result.seconds > 1.4


@pytest.mark.parametrize("pause", [0.05, 0.6], ids=["while they start", "at work"])
def test_children_killed_again_and_again_are_a_crash(snapshot: Path, pause: float) -> None:
    """Where the second child is killed too, the answer is a crash, the next call works, and no snapshot is rebuilt."""
    calling, said = threading.Event(), list[str]()

    def kill_all() -> None:
        while calling.is_set():
            time.sleep(pause)
            for pid in engines(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    box = opened(snapshot.parent, said)
    assert box.call(ONE).value == 1
    calling.set()
    killer = threading.Thread(target=kill_all)
    killer.start()
    failure = box.call(SLEEP, Limits(wall_clock_s=20)).failure
    calling.clear()
    killer.join()
    assert failure is not None
    assert failure.kind is FailureKind.CRASH
    assert "killed" in failure.message
    time.sleep(0.2)
    assert box.call(ONE).value == 1
    box.close()
    assert said == []


def test_a_stopped_child_is_a_timeout(box: WasmSandbox) -> None:
    """A child that hangs, its engine included, is killed a second after the limit."""
    stopper = threading.Timer(0.3, lambda: [os.kill(pid, signal.SIGSTOP) for pid in engines(os.getpid())])
    stopper.start()
    result = box.call(SLEEP, Limits(wall_clock_s=1))
    stopper.join()
    for pid in engines(os.getpid()):
        os.kill(pid, signal.SIGCONT)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.TIMEOUT
    assert box.call(ONE).value == 1


def test_closing_leaves_no_child(cache: Path) -> None:
    """After close no engine process runs."""
    before = engines(os.getpid())
    box = opened(cache)
    box.call(ONE)
    box.close()
    assert engines(os.getpid()) == before


PARENT = """
import sys
from sandbox import Call, Limits
from sandbox.backends.wasm import BACKEND
box = BACKEND.open({"cache": sys.argv[1]}, lambda _: None)
print(box.call(Call(source="def f(): return 1", function="f")).value, flush=True)
try:
    box.call(Call(source="def f():\\n    while True: pass", function="f"), Limits(wall_clock_s=100))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.fixture
def parent(cache: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is busy with a call without end."""
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(cache)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    time.sleep(0.3)
    yield process
    process.kill()
    process.stdout.close()
    process.wait()


def test_a_killed_parent_leaves_no_child(parent: subprocess.Popen[str]) -> None:
    """Where the parent is killed in the middle of a call, busy and waiting children end by themselves."""
    pids = engines(parent.pid)
    assert pids
    parent.kill()
    parent.wait()
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_ctrl_c_ends_the_call_and_the_children(parent: subprocess.Popen[str]) -> None:
    """An interrupt reaches our process, not the child first, and nothing stays behind."""
    pids = engines(parent.pid)
    parent.send_signal(signal.SIGINT)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "interrupted\n"
    parent.wait(20)
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_a_childs_environment_is_empty(box: WasmSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of ours is in a child's environment, where a hole in the engine could find it."""
    monkeypatch.setenv("KOWAL_TEST_SECRET", "hunter2")
    box.call(Call(source="import os\ndef f(): os._exit(0)\n", function="f"))
    box.call(ONE)
    pids = engines(os.getpid())
    assert pids
    for pid in pids:
        assert b"hunter2" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert b"PATH=" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_child_holds_no_file_of_ours(box: WasmSandbox, tmp_path: Path) -> None:
    """A file that our process has open is not open in a child."""
    with (tmp_path / "open.txt").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        box.call(Call(source="import json\ndef f(): json.loads('[' * 100_000)\n", function="f"))
        box.call(ONE)
        files = [entry for pid in engines(os.getpid()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        names = [target(entry) for entry in files]
    assert any(names)
    assert not [name for name in names if "open.txt" in name]


def target(link: Path) -> str:
    """Where a link leads; empty where it has gone meanwhile."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


@pytest.mark.parametrize("damage", ["truncated", "emptied", "missing", "no length"])
def test_a_damaged_snapshot_is_built_anew(snapshot: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot that is cut short or incomplete is built again, not loaded."""
    file = snapshot / "snapshot.bin"
    if damage == "truncated":
        os.truncate(file, file.stat().st_size // 2)
    elif damage == "emptied":
        os.truncate(file, 0)
    elif damage == "missing":
        file.unlink()
    else:
        (snapshot / "snapshot.size").unlink()
    built: list[Path] = []

    def build(draft: Path, folder: Path, turn: int) -> None:
        del turn
        built.append(draft)
        pretend_to_build(draft, folder)

    monkeypatch.setattr("sandbox.snapshot.run_builder", build)
    said: list[str] = []
    assert ensure_snapshot(snapshot.parent, said.append) == snapshot
    assert len(built) == 1
    assert "Building" in said[0]
    assert file.read_bytes() == b"built"
    assert not list(snapshot.parent.glob("building-*"))


def pretend_to_build(draft: Path, folder: Path) -> None:
    """What the builder does, without its 15 seconds."""
    (draft / "snapshot.bin").write_bytes(b"built")
    install(draft, folder)


def test_a_snapshot_that_does_not_load_is_rebuilt_once(snapshot: Path) -> None:
    """Damage that the length does not show costs one rebuild, and the call that met it succeeds."""
    file = snapshot / "snapshot.bin"
    with file.open("r+b") as handle:
        handle.write(b"\0" * 4096)
    said: list[str] = []
    box = opened(snapshot.parent, said)
    try:
        assert box.call(ONE).value == 1
    finally:
        box.close()
    assert len(said) == 1


def test_a_snapshot_that_others_could_write_is_refused(snapshot: Path) -> None:
    """A snapshot is native code: one that others could have written is not loaded, and the error says what to do."""
    for path, mode in ((snapshot, 0o777), (snapshot / "snapshot.bin", 0o666)):
        good = path.stat().st_mode
        path.chmod(mode)
        with pytest.raises(SnapshotFailed, match="somebody else") as caught:
            opened(snapshot.parent).call(ONE)
        assert "Remove" in caught.value.advice
        path.chmod(good)


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A cache folder that is a file, or lies under one, is named in the error with advice."""
    blocker = tmp_path / "file"
    blocker.write_text("")
    for cache in (blocker, blocker / "below"):
        with pytest.raises(SnapshotFailed) as caught:
            opened(cache).call(ONE)
        assert str(cache) in str(caught.value)
        assert "KOWAL_CACHE" in caught.value.advice
        status = opened(cache).status()
        assert not status.available
        assert status.advice


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_cache_without_the_right_to_write_says_so(tmp_path: Path) -> None:
    """The same for a folder that only others may write."""
    tmp_path.chmod(0o500)
    with pytest.raises(SnapshotFailed):
        opened(tmp_path / "cache").call(ONE)
    tmp_path.chmod(0o700)


def test_a_builder_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the builder wrote last is in the error, and no half-built folder stays."""
    monkeypatch.setattr("sandbox.snapshot.copy_packages", lambda target: None)
    with pytest.raises(SandboxError, match="not built"):
        ensure_snapshot(tmp_path / "cache", lambda _: None)
    assert [left.suffix for left in (tmp_path / "cache").iterdir()] == [".lock"]


def test_of_two_that_want_it_one_builds(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other waits and takes what was built, so that a busy machine is not made busier."""
    shutil.rmtree(snapshot)
    built: list[Path] = []

    def build_slowly(draft: Path, folder: Path, turn: int) -> None:
        del turn
        built.append(draft)
        time.sleep(0.5)
        pretend_to_build(draft, folder)

    monkeypatch.setattr("sandbox.snapshot.run_builder", build_slowly)
    folders: list[Path] = []
    threads = [
        threading.Thread(target=lambda: folders.append(ensure_snapshot(snapshot.parent, lambda _: None)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folders == [snapshot, snapshot]
    assert len(built) == 1
    assert not list(snapshot.parent.glob("building-*"))


def test_a_builder_that_outlives_who_started_it_is_waited_for(tmp_path: Path) -> None:
    """Whoever is killed while it builds has not built in vain: the next one waits, and builds nothing."""
    lives = "from pathlib import Path; from sandbox.snapshot import ensure_snapshot; import sys; "
    lives += "ensure_snapshot(Path(sys.argv[1]), print)"
    cache = tmp_path / "fresh"
    first = subprocess.Popen([sys.executable, "-P", "-c", lives, str(cache)], stdout=subprocess.PIPE)
    builder = None
    deadline = time.monotonic() + 60
    while builder is None:
        assert time.monotonic() < deadline
        builder = next((pid for pid in children_of(first.pid)), None)
        time.sleep(0.02)
    first.kill()
    first.communicate()
    said: list[str] = []
    folder = ensure_snapshot(cache, said.append)
    assert said == []
    with turn_to_build(folder) as turn:
        assert is_taken(turn)
    with_children = opened(cache, said)
    assert with_children.call(ONE).value == 1
    with_children.close()
    assert said == []


def children_of(pid: int) -> list[int]:
    """The numbers of the process's children."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
