"""Runs bytecode by hand that reads beside its constants, to corrupt the interpreter."""
# acceptable: crash, exception, timeout, memory, value


def attack():
    def victim():
        return 1

    for byte in range(0, 256, 3):
        try:
            victim.__code__ = victim.__code__.replace(co_code=bytes([byte, 255] * 20), co_consts=(), co_stacksize=1)
            victim()
        except Exception:
            pass
    return []
