"""What `compare_semver` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import compare_semver


def test_the_same_version():
    """A version neither precedes nor follows itself."""
    assert compare_semver("0.0.0", "0.0.0") == 0
    assert compare_semver("1.2.3-rc.1", "1.2.3-rc.1") == 0


def test_the_leftmost_difference_decides():
    """Major counts before minor, minor before patch."""
    assert compare_semver("1.9.9", "2.0.0") == -1
    assert compare_semver("1.2.0", "1.1.9") == 1
    assert compare_semver("1.1.1", "1.1.2") == -1


def test_numbers_are_not_text():
    """Ten is more than nine, in every place and of any size."""
    assert compare_semver("10.0.0", "9.0.0") == 1
    assert compare_semver("1.0.9", "1.0.10") == -1
    assert compare_semver("99999999999999999999998.0.0", "99999999999999999999999.0.0") == -1


def test_a_pre_release_comes_before_its_release():
    """A pre-release precedes its release, and follows the release before."""
    assert compare_semver("1.0.0-alpha", "1.0.0") == -1
    assert compare_semver("1.0.0", "1.0.0-rc.9") == 1
    assert compare_semver("1.0.1-alpha", "1.0.0") == 1


def test_the_order_in_the_specification():
    """SemVer itself lists alpha < alpha.1 < alpha.beta < beta < beta.2 < beta.11 < rc.1."""
    assert compare_semver("1.0.0-alpha", "1.0.0-alpha.1") == -1
    assert compare_semver("1.0.0-alpha.1", "1.0.0-alpha.beta") == -1
    assert compare_semver("1.0.0-alpha.beta", "1.0.0-beta") == -1
    assert compare_semver("1.0.0-beta", "1.0.0-beta.2") == -1
    assert compare_semver("1.0.0-beta.2", "1.0.0-beta.11") == -1
    assert compare_semver("1.0.0-beta.11", "1.0.0-rc.1") == -1


def test_numbers_come_before_words():
    """A numeric identifier precedes one with letters, whatever its size."""
    assert compare_semver("1.0.0-999", "1.0.0-a") == -1
    assert compare_semver("1.0.0-0a", "1.0.0-1") == 1


def test_identifiers_compare_as_ascii():
    """Capitals come before small letters, and a hyphen is a character like another."""
    assert compare_semver("1.0.0-Beta", "1.0.0-alpha") == -1
    assert compare_semver("1.0.0-a-b", "1.0.0-a") == 1
    assert compare_semver("1.0.0--", "1.0.0") == -1


def test_build_metadata_does_not_count():
    """What stands behind a plus changes nothing, leading zeros in it included."""
    assert compare_semver("1.0.0+a", "1.0.0+b") == 0
    assert compare_semver("1.0.0-rc.1+001", "1.0.0-rc.1") == 0
    assert compare_semver("1.0.0+9", "1.0.1+1") == -1


def test_a_leading_v_is_accepted():
    """`v1.2.3` is 1.2.3 on either side."""
    assert compare_semver("v1.2.3", "1.2.3") == 0
    assert compare_semver("1.2.3", "v1.2.4") == -1
    assert compare_semver("v2.0.0", "v1.0.0") == 1


def test_too_few_or_too_many_numbers_are_refused():
    """A version has three numbers."""
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("1.0", "1.0.0")
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("1.0.0", "1.0.0.0")
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("", "1.0.0")


def test_leading_zeros_are_refused():
    """Neither a number nor a numeric pre-release identifier begins with a zero that is not its only digit."""
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("01.0.0", "1.0.0")
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("1.0.0-01", "1.0.0")


def test_empty_identifiers_are_refused():
    """A hyphen, a dot or a plus announces something."""
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("1.0.0-", "1.0.0")
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("1.0.0", "1.0.0-a..b")
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("1.0.0", "1.0.0+")


def test_other_characters_are_refused():
    """Signs, line ends, a second v and digits of other scripts do not belong into a version."""
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("-1.0.0", "1.0.0")
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("1.0.0\n", "1.0.0")
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("vv1.0.0", "1.0.0")
    with pytest.raises(ValueError, match=r"\S"):
        compare_semver("1.0.0", "١.0.0")
