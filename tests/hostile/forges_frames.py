"""Writes frames of the parent's protocol to every descriptor it can name."""
# acceptable: value, crash, output-limit

import os
import struct


def attack():
    forged = b'{"value": "forged"}'
    for fd in range(64):
        for size in (len(forged), 0, 0xFFFFFFFF):
            try:
                os.write(fd, struct.pack(">I", size) + forged)
            except OSError:
                pass
    return []
