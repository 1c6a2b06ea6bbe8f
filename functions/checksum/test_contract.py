"""What `checksum` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import checksum


def test_md5():
    """The test suite of RFC 1321 holds."""
    assert checksum("", "md5") == "d41d8cd98f00b204e9800998ecf8427e"
    assert checksum("a", "md5") == "0cc175b9c0f1b6a831c399e269772661"
    assert checksum("message digest", "md5") == "f96b697d7cb7938d525a2f31aaf161d0"


def test_sha1():
    """The published values of SHA-1 hold."""
    assert checksum("", "sha1") == "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    assert checksum("abc", "sha1") == "a9993e364706816aba3e25717850c26c9cd0d89d"


def test_sha256():
    """The published values of SHA-256 hold."""
    assert checksum("", "sha256") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert checksum("abc", "sha256") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_sha512():
    """The published value of SHA-512 holds."""
    assert checksum("abc", "sha512") == (
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    )


def test_crc32():
    """The check value of CRC-32 holds, and that of nothing is zero in eight digits."""
    assert checksum("123456789", "crc32") == "cbf43926"
    assert checksum("", "crc32") == "00000000"


def test_leading_zeros_stay():
    """A small value has all its digits."""
    assert checksum("665", "crc32") == "00081566"
    assert checksum("jk8ssl", "md5") == "0000000018e6137ac2caab16074784a6"


def test_sha256_without_a_name():
    """SHA-256 is what one gets without asking."""
    assert checksum("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_text_is_utf_8():
    """Letters outside of ASCII are taken as UTF-8."""
    assert checksum("ä", "md5") == "8419b71c87a225a2c70b50486fbee545"
    assert checksum("ä", "md5") != checksum("a\u0308", "md5")


def test_every_character_counts():
    """Blanks, line ends, case and a byte order mark make another text."""
    texts = ["abc", "abc\n", "abc\r\n", " abc", "abc ", "ABC", "\ufeffabc", "abc\0"]
    assert len({checksum(text) for text in texts}) == len(texts)
    assert checksum("abc\n", "md5") == "0bee89b07a248e27c83fc3d5951213c1"


def test_lengths():
    """Each algorithm has its number of digits, in small letters."""
    for algorithm, digits in (("crc32", 8), ("md5", 32), ("sha1", 40), ("sha256", 64), ("sha512", 128)):
        found = checksum("Kowal", algorithm)
        assert len(found) == digits
        assert set(found) <= set("0123456789abcdef")


def test_long_texts():
    """A million letters are the third of the published texts."""
    assert checksum("a" * 1_000_000, "sha1") == "34aa973cd4c4daa4f61eeb2bdbad27316534016f"


def test_unknown_algorithms():
    """Anything else is refused, other spellings included."""
    for algorithm in ("sha3", "SHA256", "sha-256", "", "crc", "md4"):
        with pytest.raises(ValueError, match=r"\S"):
            checksum("abc", algorithm)


def test_texts_that_utf_8_cannot_hold():
    """Half a surrogate pair is refused by every algorithm."""
    for algorithm in ("crc32", "md5", "sha1", "sha256", "sha512"):
        with pytest.raises(ValueError, match=r"\S"):
            checksum("a\ud800", algorithm)
