"""Checksums of texts."""

import hashlib
import zlib
from typing import Literal

_DIGESTS = ("md5", "sha1", "sha256", "sha512")


def checksum(text: str, algorithm: Literal["md5", "sha1", "sha256", "sha512", "crc32"] = "sha256") -> str:
    """Compute the checksum or hash of a text: MD5, SHA-1, SHA-256, SHA-512 or CRC-32, in hexadecimal.

    The text is taken as UTF-8, without a byte order mark, and every character counts: blanks and line ends too. MD5
    is that of RFC 1321, the SHA those of FIPS 180-4, CRC-32 that of ISO 3309 as in zip and gzip. MD5, SHA-1 and
    CRC-32 tell whether a text was changed by accident; they are no protection against forgery.

    Args:
        text: The text, which may be empty.
        algorithm: The name of the algorithm.

    Returns:
        The checksum in small letters, with leading zeros: 8 digits for crc32, 32 for md5, 40 for sha1, 64 for
        sha256, 128 for sha512.

    Raises:
        ValueError: The algorithm is none of these, or the text holds half a surrogate pair, which UTF-8 cannot.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"text cannot be written as UTF-8: half a surrogate pair at {error.start}") from error
    if algorithm == "crc32":
        return f"{zlib.crc32(data):08x}"
    if algorithm not in _DIGESTS:
        raise ValueError(f"algorithm must be one of {', '.join(_DIGESTS)}, crc32, not {algorithm!r}")
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
