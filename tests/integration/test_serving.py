"""`kowal serve` as real processes: parts that die come back, all end together, and none is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.config import load_settings
from agent.serving.parts import parts_of, patience_s

TIED = "from agent.serving.tie import end_with_parent; end_with_parent(2.0)\n"
WORKS = TIED + "import time\nprint('ready', flush=True)\ntime.sleep(600)\n"
"""A part that ends when it is told to."""
DRAINS = TIED + (
    "import signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), print('drained', file=sys.stderr), sys.exit(0)))\n"
    "print('ready', flush=True)\ntime.sleep(600)\n"
)
"""One that ends what is under way first."""
DEAF = TIED + (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(600)\n"
)
"""One that does not listen."""
BREAKS = TIED + "import sys\nsys.exit(3)\n"
"""One that never comes up."""
SUPERVISES = """
import signal, sys
from agent.serving import supervisor
from agent.serving.lines import line_of
from agent.serving.parts import Part
supervisor.FIRST_WAIT_S = 0.2
programs = sys.argv[2:]
parts = [Part(name=f"part-{n}", command=(sys.executable, "-c", text)) for n, text in enumerate(programs, 1)]
tell = lambda event: print(line_of(event), file=sys.stderr, flush=True)
it = supervisor.Supervisor(parts, float(sys.argv[1]), tell)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: it.ask_to_end())
sys.exit(0 if it.run() else 1)
"""
PATIENCE_S = 60.0
Supervise = Callable[..., "Watched"]


class Watched:
    """A supervisor in a process of its own, and what it said."""

    def __init__(self, folder: Path, patience_s: float, programs: tuple[str, ...]) -> None:
        self.log = folder / "said"
        with self.log.open("wb") as said:
            self.process = subprocess.Popen([sys.executable, "-c", SUPERVISES, str(patience_s), *programs], stderr=said)

    @property
    def said(self) -> str:
        """All that was said until now."""
        return self.log.read_text()

    def until(self, text: str, times: int = 1) -> None:
        """Wait until it was said so often."""
        deadline = time.monotonic() + PATIENCE_S
        while self.said.count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} never came:\n{self.said}"
            time.sleep(0.02)

    def pids(self) -> list[int]:
        """The processes of the parts that were started, in the order of their starts."""
        return [int(line.split("process ")[1].rstrip(")")) for line in self.said.splitlines() if "started (" in line]

    def end(self, number: signal.Signals, *, code: int) -> float:
        """Send the signal, and wait for the end with that exit code; seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(PATIENCE_S) == code, self.said
        return time.monotonic() - begun


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    """Starts a supervisor of parts; nothing of it is left at the end."""
    started: list[Watched] = []

    def start(*programs: str, patience_s: float = 10.0) -> Watched:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Watched(folder, patience_s, programs))
        return started[-1]

    yield start
    for watched in started:
        watched.process.kill()
        watched.process.wait()


def is_there(pid: int) -> bool:
    """True for a process that runs: one that only waits to be buried does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def until_gone(pids: list[int]) -> None:
    """Wait until none of the processes is there."""
    deadline = time.monotonic() + PATIENCE_S
    while left := [pid for pid in pids if is_there(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.02)


def test_it_says_once_that_all_parts_are_ready(supervise: Supervise) -> None:
    """The line comes when every part has said so itself, and not again when a part comes back."""
    watched = supervise(WORKS, WORKS)
    watched.until("kowal serve is ready: 2 parts")
    os.kill(watched.pids()[0], signal.SIGKILL)
    watched.until("part-1 is ready", times=2)
    watched.end(signal.SIGTERM, code=0)
    assert watched.said.count("kowal serve is ready") == 1


def test_it_is_not_ready_while_a_part_is_not(supervise: Supervise) -> None:
    """A part that breaks keeps the line back, however well the others are."""
    watched = supervise(WORKS, BREAKS)
    watched.until("part-2 died", times=3)
    assert "part-1 is ready" in watched.said
    assert "kowal serve is ready" not in watched.said
    watched.end(signal.SIGTERM, code=0)


def test_a_killed_part_comes_back(supervise: Supervise) -> None:
    """`kill -9` of a part is told with its signal, and another process takes its place; the others are left alone."""
    watched = supervise(WORKS, WORKS)
    watched.until("kowal serve is ready")
    first, second = watched.pids()
    os.kill(first, signal.SIGKILL)
    watched.until("part-1 died (killed by SIGKILL); started again in 0.2 s")
    watched.until("part-1 is ready", times=2)
    assert is_there(second)
    assert len(watched.pids()) == 3


def test_a_part_that_keeps_breaking_comes_back_ever_more_slowly(supervise: Supervise) -> None:
    """It is never given up, and each wait is twice as long as the one before."""
    watched = supervise(BREAKS)
    watched.until("started again in 1.6 s")
    waits = [line.split("again in ")[1] for line in watched.said.splitlines() if "died" in line]
    assert waits == ["0.2 s", "0.4 s", "0.8 s", "1.6 s"]
    assert "exit code 3" in watched.said


def test_a_program_that_is_not_there_is_told_and_tried_again(tmp_path: Path) -> None:
    """What cannot be started at all counts as having died."""
    from agent.serving.parts import Part
    from agent.serving.supervisor import Kept

    told = []
    kept = Kept(Part(name="gone", command=(str(tmp_path / "gone"),)), told.append)
    kept.look()
    assert [event.action for event in told] == ["part.died"]
    assert "cannot be started" in told[0].facts["how"]
    assert kept.has_ended()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_all_parts(supervise: Supervise, number: signal.Signals) -> None:
    """Each part ends what is under way; the exit code is 0 and no process is left."""
    watched = supervise(DRAINS, DRAINS)
    watched.until("kowal serve is ready")
    watched.end(number, code=0)
    assert watched.said.count("drained") == 2
    assert watched.said.count("ended (exit code 0)") == 2
    until_gone(watched.pids())


def test_a_part_that_does_not_end_is_killed(supervise: Supervise) -> None:
    """After the time to drain it is killed, which the exit code tells."""
    watched = supervise(DEAF, WORKS, patience_s=1.0)
    watched.until("kowal serve is ready")
    watched.end(signal.SIGTERM, code=1)
    assert "1 part had to be killed" in watched.said
    until_gone(watched.pids())


def test_a_second_signal_ends_all_at_once(supervise: Supervise) -> None:
    """Whoever does not want to wait need not."""
    watched = supervise(DEAF, patience_s=600.0)
    watched.until("kowal serve is ready")
    watched.process.send_signal(signal.SIGTERM)
    watched.until("ending")
    assert watched.end(signal.SIGTERM, code=1) < 5
    until_gone(watched.pids())


def test_no_part_is_left_when_the_supervisor_is_killed(supervise: Supervise) -> None:
    """After `kill -9` of the supervisor its parts end by themselves, and drain first; a deaf one is ended, too."""
    watched = supervise(DRAINS, DEAF)
    watched.until("kowal serve is ready")
    watched.end(signal.SIGKILL, code=-signal.SIGKILL)
    until_gone(watched.pids())
    assert "drained" in watched.said


def test_a_part_does_not_hold_another_ones_tie(supervise: Supervise) -> None:
    """A part that was started later, or again, does not keep an earlier one from noticing the end."""
    watched = supervise(WORKS, WORKS, WORKS)
    watched.until("kowal serve is ready")
    os.kill(watched.pids()[1], signal.SIGKILL)
    watched.until("part-2 is ready", times=2)
    watched.end(signal.SIGKILL, code=-signal.SIGKILL)
    until_gone(watched.pids())


def test_the_parts_are_those_of_the_settings() -> None:
    """So many workers as the settings say, each with a name of its own, given more time than they drain; and HTTP."""
    settings = load_settings(tasks={"workers": 3, "drain_s": 7})
    *parts, face = parts_of(settings)
    assert [part.name for part in parts] == ["serve-1", "serve-2", "serve-3"]
    assert [part.command[-3:] for part in parts] == [("worker", "--name", part.name) for part in parts]
    assert (face.name, face.command[-1]) == ("http", "http")
    assert [part.name for part in parts_of(load_settings(tasks={"workers": 1}, http={"on": False}))] == ["serve-1"]
    assert patience_s(settings) > 7


def test_a_command_that_is_a_part_works_as_ever() -> None:
    """While whoever started it is there, the command line as a part does what it does elsewhere."""
    words = [sys.executable, "-P", "-m", "agent.cli.part", "5", "--version"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.read().startswith("kowal ")
        assert process.wait(PATIENCE_S) == 0
