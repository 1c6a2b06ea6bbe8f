"""Fills the file system with one large file and many small ones."""
# acceptable: exception, timeout, memory, crash

import tempfile


def attack():
    kept = []
    while True:
        kept.append(tempfile.TemporaryFile())
        kept[-1].write(b"x" * (8 << 20))
        kept[-1].flush()
