"""Looks for the engine's own callbacks inside the guest and calls them with rubbish."""
# acceptable: value, crash, exception, timeout, memory

import sys


def attack():
    import __main__

    for name, thing in list(vars(__main__).items()) + list(vars(sys).items()):
        if "eryx" in name.lower() or "wit" in name.lower():
            for inner in [thing, *[getattr(thing, attribute, None) for attribute in dir(thing)]]:
                if callable(inner):
                    for arguments in ((), ("x",), (b"\xff" * 100,), (1 << 70,), ("../../etc/passwd", "r")):
                        try:
                            inner(*arguments)
                        except BaseException:
                            pass
    return []
