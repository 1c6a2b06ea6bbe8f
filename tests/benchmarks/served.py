"""A `kowal serve` that a test starts, kills, starts again, and waits for."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEADLINE_S = 90


class Served:
    """It runs from the beginning."""

    def __init__(self, home: Any, folder: Path) -> None:
        self.home, self._log = home, folder / "log"
        self.process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        """Serve."""
        with self._log.open("a") as log:
            self.process = self.home.start("serve", stdout=log, stderr=log)

    def kill(self) -> None:
        """End all of it at once, as a power cut does."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in (self.process.pid, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """Drain."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def waited(self, look: Callable[[], Any], seconds: float = DEADLINE_S) -> Any:
        """What is there at last."""
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < deadline, self.told()
            time.sleep(0.05)
        return found

    def told(self) -> str:
        """What was said and logged, for whoever looks why a test failed."""
        return f"{self.said()}\n{self._log.read_text()[-4000:]}"

    def said(self) -> str:
        """All that people and Kowal said."""
        raise NotImplementedError
