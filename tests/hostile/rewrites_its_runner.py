"""Rewrites the guest runner through __main__, the garbage collector and the frames above it.

At best it forges its own answer, which it could have returned; an empty one here.
"""
# acceptable: value, exception, crash, timeout, memory, result-not-json

import gc
import sys
import types


def attack():
    import __main__

    for name, thing in list(vars(__main__).items()):
        if isinstance(thing, types.FunctionType):
            thing.__code__ = (lambda *a, **k: {"json": "[]"}).__code__
    for thing in gc.get_objects():
        if isinstance(thing, dict) and "max_result_bytes" in thing:
            thing["max_result_bytes"] = 1 << 60
    frame = sys._getframe()
    while frame:
        frame.f_locals.clear()
        frame = frame.f_back
    return []
