"""Maps memory and loads native libraries to run machine code of its own."""
# acceptable: value, exception, crash


def attack():
    reached = []
    for load in ("import ctypes; ctypes.CDLL(None)", "import mmap; mmap.mmap(-1, 4096, prot=7)", "import _ctypes",
                 "import importlib.machinery as m; m.ExtensionFileLoader('x', '/lib/x86_64-linux-gnu/libc.so.6').create_module(None)"):
        try:
            exec(load, {})
            reached.append(load)
        except Exception:
            pass
    return reached
