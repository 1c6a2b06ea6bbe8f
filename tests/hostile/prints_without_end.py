"""Prints without end, through every stream at once."""
# acceptable: output-limit, timeout, crash

import os
import sys


def attack():
    while True:
        for act in (lambda: print("x" * 9999), lambda: sys.__stderr__.write("x" * 9999), lambda: os.write(1, b"x" * 9999)):
            try:
                act()
            except BaseException:
                pass
