"""Ties a part to the process that started it: however that one ends, the part ends too."""

import os
import signal
import threading
import time

ORPHANED = 1
"""The exit code of a part that had to be ended this way."""


def end_with_parent(patience_s: float) -> None:
    """End this process once its standard input ends: told by SIGTERM, and after so many seconds at once.

    Standard input must be a pipe whose other end the parent alone holds: the system closes it with the parent's
    process, even after `kill -9`. Nobody else can read standard input afterwards.
    """
    pipe, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_wait_and_end, args=(pipe, patience_s), name="tie", daemon=True).start()


def _wait_and_end(pipe: int, patience_s: float) -> None:
    while os.read(pipe, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(patience_s)
    os._exit(ORPHANED)
