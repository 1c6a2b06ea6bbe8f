"""Keeps parts running: one that ends is started again, ever more slowly, until all are told to end."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import IO

from agent.serving.parts import Part
from agent.types import Event, Listener

LOOK_S = 0.1
"""Seconds between two looks at the parts."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""Seconds until a part that ended is started again; twice as long each time, up to the longest."""
STEADY_S = 60.0
"""A part that ran for so long begins with the first wait again."""


class Kept:
    """A part that is kept running."""

    def __init__(self, part: Part, listener: Listener) -> None:
        self._part, self._listener = part, listener
        self._process: subprocess.Popen[bytes] | None = None
        self._begun_at = self._begins_at = 0.0
        self._failures = 0
        self.is_ready = False
        """Whether it ever said so."""

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self._process is not None

    def look(self) -> None:
        """Start it where it is due; tell where it has ended, and when it is started again."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._begins_at:
                self._start(now)
        elif self._process.poll() is not None:
            self._ended(self._process, now)

    def ask_to_end(self) -> None:
        """Send it SIGTERM."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and what belongs to its session at once."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def has_ended(self) -> bool:
        """Whether its process is gone; it is not started again."""
        if self._process is not None and self._process.poll() is not None:
            self._tell("part.ended", how=how(self._process.returncode))
            self._close()
        return self._process is None

    def _start(self, now: float) -> None:
        try:
            process = subprocess.Popen(
                self._part.command,
                stdin=subprocess.PIPE,  # its other end is ours alone: see `agent.serving.tie`
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C at a terminal is ours to pass on
            )
        except OSError as error:
            self._put_off(now, f"cannot be started: {error}")
            return
        self._process, self._begun_at = process, now
        self._tell("part.started", pid=process.pid)
        threading.Thread(target=self._listen, args=(process.stdout,), daemon=True).start()

    def _listen(self, lines: IO[bytes]) -> None:
        """Take the first line as the word that it is ready, and read on, so that it never waits for a reader."""
        with contextlib.suppress(OSError, ValueError):
            if lines.readline():
                self.is_ready = True
                self._tell("part.ready")
            while lines.read(4096):
                pass

    def _ended(self, process: subprocess.Popen[bytes], now: float) -> None:
        if now - self._begun_at >= STEADY_S:
            self._failures = 0
        self._put_off(now, how(process.returncode))
        self._close()

    def _put_off(self, now: float, why: str) -> None:
        wait_s = min(FIRST_WAIT_S * 2.0**self._failures, LONGEST_WAIT_S)
        self._failures, self._begins_at = self._failures + 1, now + wait_s
        self._tell("part.died", how=why, again_in_s=wait_s)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number) if number == signal.SIGKILL else self._process.send_signal(number)

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()  # the reading thread closes the other one's end by itself
        self._process = None

    def _tell(self, action: str, **facts: object) -> None:
        self._listener(Event(action=action, facts={"part": self._part.name, **facts}))


class Supervisor:
    """Keeps several parts running until it is told to end."""

    def __init__(self, parts: Sequence[Part], patience_s: float, listener: Listener) -> None:
        self._kept = [Kept(part, listener) for part in parts]
        self._patience_s, self._listener = patience_s, listener
        self._asked = 0

    def ask_to_end(self) -> None:
        """Have `run` end all parts: gently the first time, at once the second. Safe in a signal handler."""
        self._asked += 1

    def run(self) -> bool:
        """Keep the parts running until told to end; whether each of them then ended by itself."""
        is_told = False
        while not self._asked:
            for kept in self._kept:
                kept.look()
            if not is_told and all(kept.is_ready for kept in self._kept):
                is_told = True
                self._tell("serve.ready", parts=len(self._kept))
            time.sleep(LOOK_S)
        return self._end()

    def _end(self) -> bool:
        """Drain all parts, and kill what is left after a while; whether nothing had to be killed."""
        self._tell("serve.draining", patience_s=self._patience_s)
        for kept in self._kept:
            kept.ask_to_end()
        deadline = time.monotonic() + self._patience_s
        while left := [kept for kept in self._kept if not kept.has_ended()]:
            if self._asked > 1 or time.monotonic() >= deadline:
                break
            time.sleep(LOOK_S)
        for kept in left:
            kept.kill()
            kept.has_ended()
        self._tell("serve.ended", killed=len(left))
        return not left

    def _tell(self, action: str, **facts: object) -> None:
        self._listener(Event(action=action, facts=facts))


def how(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {signal.Signals(-code).name}"
