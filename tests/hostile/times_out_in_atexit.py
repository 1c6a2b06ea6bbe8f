"""Returns at once, and loops for ever in exit handlers, finalisers and the event loop's shutdown."""
# acceptable: value, timeout

import asyncio
import atexit
import sys


def for_ever(*_):
    while True:
        pass


class Undead:
    __del__ = for_ever


async def clinging():
    while True:
        try:
            await asyncio.sleep(60)
        except BaseException:
            pass


async def attack():
    atexit.register(for_ever)
    sys.modules["undead"] = Undead()
    asyncio.get_running_loop().create_task(clinging())
    await asyncio.sleep(0)
    return []
