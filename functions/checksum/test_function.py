"""What checksum promises."""

import pytest
from function import checksum


def test_published_vectors():
    """The text abc has the checksums that the standards give for it."""
    for algorithm, expected in [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "sha512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        ("crc32", "352441c2"),
    ]:
        assert checksum("abc", algorithm) == expected


def test_the_empty_text():
    """The empty text has a checksum too."""
    for algorithm, expected in [
        ("md5", "d41d8cd98f00b204e9800998ecf8427e"),
        ("sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("crc32", "00000000"),
    ]:
        assert checksum("", algorithm) == expected


def test_sha256_by_default():
    """Without an algorithm it is SHA-256."""
    assert checksum("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_check_value_of_crc32():
    """The check value of the CRC-32 of zip, and one with zeros in front."""
    assert checksum("123456789", "crc32") == "cbf43926"
    assert checksum("4", "crc32") == "f3b61b38"
    assert checksum("62", "crc32") == "0012d20a"


def test_utf8():
    """Letters beyond ASCII count with their bytes in UTF-8, without a byte order mark."""
    assert checksum("zażółć", "crc32") == "23194f8a"
    assert checksum("é", "md5") != checksum("e\u0301", "md5")
    assert checksum("🙂", "md5") == "5c8d6d302301d0e25c0e051418dff305"


def test_every_character_counts():
    """Blanks, case and line ends are part of the text."""
    texts = ["a", "A", "a ", "a\n", "a\r\n", "\ufeffa"]
    assert len({checksum(text) for text in texts}) == len(texts)
    assert checksum("a\n", "md5") == "60b725f10c9c85c70d97880dfe8191b3"


def test_the_form():
    """The result has all its digits, zeros in front too, and small letters."""
    for algorithm, length in [("md5", 32), ("sha1", 40), ("sha256", 64), ("sha512", 128), ("crc32", 8)]:
        for number in range(300):
            digits = checksum(str(number), algorithm)
            assert len(digits) == length
            assert set(digits) <= set("0123456789abcdef")


def test_long_texts():
    """A long text is taken as a whole: the vector of a million a for SHA-1."""
    assert checksum("a" * 1_000_000, "sha1") == "34aa973cd4c4daa4f61eeb2bdbad27316534016f"


def test_other_algorithms():
    """Another algorithm is an error that names it and those there are."""
    for algorithm in ["", "sha3", "SHA256", "sha224", "adler32"]:
        reason = f"^algorithm must be one of md5, sha1, sha256, sha512, crc32, not '{algorithm}'$"
        with pytest.raises(ValueError, match=reason):
            checksum("abc", algorithm)


def test_half_a_character():
    """A text that UTF-8 cannot carry is an error that says where."""
    for algorithm in ["crc32", "sha256"]:
        with pytest.raises(ValueError, match=r"^text cannot be written as UTF-8: half a surrogate pair at 2$"):
            checksum("ab\ud83d", algorithm)
