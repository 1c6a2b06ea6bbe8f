"""Unpacks ten gigabytes from a few kilobytes, layer by layer."""
# acceptable: memory, exception, timeout, crash

import zlib


def attack():
    data = zlib.compress(b"\0" * (32 << 20))
    for _ in range(3):
        data = zlib.compress(data)
    whole = []
    while True:
        layer = data
        for _ in range(4):
            layer = zlib.decompress(layer)
        whole.append(layer)
