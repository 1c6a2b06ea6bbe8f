"""Swallows every exception that could stop it, in loops, finalisers and exit handlers."""
# acceptable: timeout, crash

import atexit
import signal


class Undead:
    def __del__(self):
        Undead()


def attack():
    Undead()
    atexit.register(attack)
    for number in range(1, 32):
        try:
            signal.signal(number, lambda *_: None)
        except Exception:
            pass
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
