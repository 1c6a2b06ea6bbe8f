"""Leaves tasks, threads, timers and finalisers behind that would run in the next call."""
# acceptable: value, exception

import asyncio
import atexit
import threading
import weakref


class Thing:
    pass


async def attack():
    thing = Thing()
    weakref.finalize(thing, print, "left")
    atexit.register(print, "left")
    asyncio.get_running_loop().create_task(asyncio.sleep(60))
    try:
        threading.Timer(0.1, print).start()
    except RuntimeError:
        pass
    return []
