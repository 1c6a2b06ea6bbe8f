"""How a parent and its child exchange whole messages over a pipe: four bytes of length, then the bytes."""

import struct
from typing import BinaryIO

HEADER = struct.Struct(">I")

ANSWER, ASK = b"=", b"?"
"""The first byte of what a guest sends once it has its request: the end of it, or something it asks of its host."""
MAX_ASK_BYTES, MAX_REPLY_BYTES = 8 << 20, 16 << 20
"""The size of what it may ask, and of the host's reply, both in JSON."""

EXIT_OUTPUT_LIMIT = 77
"""The child's exit code that says: the guest printed past its limit behind Python's back."""


def write_frame(pipe: BinaryIO, data: bytes) -> None:
    """Send one message whole."""
    pipe.write(HEADER.pack(len(data)) + data)
    pipe.flush()


def read_frame(pipe: BinaryIO) -> bytes | None:
    """The next message, or None where the other side has gone."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    data = pipe.read(length)
    return data if len(data) == length else None
