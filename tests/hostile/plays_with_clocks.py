"""Turns every clock it can reach back, so that its time never ends."""
# acceptable: timeout

import asyncio
import time


def attack():
    for name in ("time", "monotonic", "perf_counter"):
        setattr(time, name, lambda: 0.0)
    try:
        asyncio.get_running_loop().time = lambda: 0.0
    except RuntimeError:
        pass
    for clock in (0, 1, 7):
        try:
            time.clock_settime(clock, 0.0)
            return ["a clock was set"]
        except (OSError, AttributeError):
            pass
    while True:
        pass
