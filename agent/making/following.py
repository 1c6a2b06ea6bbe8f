"""Has the callers of a function that moved by its record proven anew, in the background: no answer waits for it."""

import threading
import time

from agent.making.callers import Callers, Followed
from agent.warden import BY_STATISTICS


class Following:
    """Follows one function after another, in a thread that lives while there are any. Safe to use from several threads.

    Meanwhile the broker refuses calls of what is quarantined. What is not done when the process ends is done when a
    caller next fails for want of it: the registry says who is behind.
    """

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._changed = threading.Condition()
        self._names: list[str] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def after(self, name: str) -> None:
        """Have the callers of that function looked at, soon. Returns at once, and never raises."""
        with self._changed:
            if self._closed or name in self._names:
                return
            self._names.append(name)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="proves callers", daemon=True)
                self._thread.start()

    def now(self, name: str, *, by: str) -> tuple[Followed, ...]:
        """The callers of that function as they stand once they were looked at. See `Callers.follow`."""
        return self._callers.follow(name, by=by)

    @property
    def is_busy(self) -> bool:
        """True while something is left to do."""
        return self._thread is not None

    def settle(self, seconds: float = threading.TIMEOUT_MAX) -> bool:
        """Wait until nothing is left to do, for so long at most; whether that is so."""
        deadline = time.monotonic() + seconds
        with self._changed:
            return self._changed.wait_for(lambda: self._thread is None, max(0.0, deadline - time.monotonic()))

    def close(self) -> None:
        """Begin nothing more. Idempotent."""
        with self._changed:
            self._closed = True
            self._names.clear()

    def _work(self) -> None:
        try:
            while (name := self._next()) is not None:
                self._callers.follow(name, by=BY_STATISTICS)
        finally:
            with self._changed:
                if self._thread is threading.current_thread():
                    self._thread = None
                    self._changed.notify_all()

    def _next(self) -> str | None:
        """The function that is next; None where there is none, and then a new thread is started for the next."""
        with self._changed:
            if self._names:
                return self._names.pop(0)
            self._thread = None
            self._changed.notify_all()
            return None
