"""What compare_semver promises."""

import pytest
from function import compare_semver

# Each comes before the next; the pre-releases are the example of SemVer 2.0.0, section 11.
ASCENDING = [
    "0.0.0",
    "0.0.1",
    "0.1.0",
    "1.0.0-0",
    "1.0.0-1.0",
    "1.0.0--",
    "1.0.0-Z",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-a",
    "1.2.0",
    "1.10.0",
    "2.0.0",
    "10.0.0",
]


def test_lower_is_minus_one():
    """A version that comes first gives -1."""
    assert compare_semver("1.2.3", "1.2.4") == -1


def test_higher_is_one():
    """A version that comes later gives 1."""
    assert compare_semver("2.0.0", "1.9.9") == 1


def test_equal_is_zero():
    """A version is neither before nor after itself."""
    assert compare_semver("1.2.3-rc.1", "1.2.3-rc.1") == 0
    assert compare_semver("0.0.0", "0.0.1") == -1


def test_precedence_of_the_specification():
    """Any two versions of an ascending list compare like their places in it."""
    for i, a in enumerate(ASCENDING):
        for j, b in enumerate(ASCENDING):
            assert compare_semver(a, b) == (i > j) - (i < j), (a, b)


@pytest.mark.parametrize(
    ("a", "b"), [("1.9.0", "1.10.0"), ("9.0.0", "10.0.0"), ("1.0.9", "1.0.10"), ("1.0.0-9", "1.0.0-10")]
)
def test_numbers_compare_as_numbers(a: str, b: str):
    """Nine comes before ten in each place."""
    assert compare_semver(a, b) == -1


def test_major_outweighs_minor_outweighs_patch():
    """A later place decides only where the earlier ones are equal."""
    assert compare_semver("2.0.0", "1.99.99") == 1
    assert compare_semver("1.2.0", "1.1.99") == 1


def test_build_metadata_does_not_count():
    """Versions that differ in build metadata alone are equal."""
    assert compare_semver("1.0.0+build.1", "1.0.0+build.2") == 0
    assert compare_semver("1.0.0-rc.1+001", "1.0.0-rc.1") == 0
    assert compare_semver("1.0.0+z", "1.0.1+a") == -1


def test_leading_v():
    """A leading v changes nothing."""
    assert compare_semver("v1.2.3", "1.2.3") == 0
    assert compare_semver("1.2.3", "v1.2.4") == -1


def test_numeric_comes_before_alphanumeric():
    """In a pre-release a number comes before a word, even before one that begins with digits."""
    assert compare_semver("1.0.0-999", "1.0.0-1a") == -1


def test_numbers_of_any_length():
    """Numbers beyond what Python turns from text into an integer by default still compare."""
    assert compare_semver(f"1.0.{'9' * 5_000}", f"1.0.1{'0' * 5_000}") == -1


@pytest.mark.parametrize(
    "version",
    [
        "", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.03", "1.2.3-", "1.2.3-01", "1.2.3-a..b",
        "1.2.3+", "1.2.3+a..b", "1.2.3-ą", "１.2.3", "1.2.3\n", " 1.2.3", "vv1.2.3", "=1.2.3", "1.2.x",
        "-1.2.3", "1.2.3-a+b+c",
    ],
)  # fmt: skip
def test_text_that_is_no_version_is_refused(version: str):
    """Anything but a semantic version is an error that names the parameter."""
    with pytest.raises(ValueError, match=r"^a is not a semantic version"):
        compare_semver(version, "1.0.0")
    with pytest.raises(ValueError, match=r"^b is not a semantic version"):
        compare_semver("1.0.0", version)


def test_refusal_shows_the_text():
    """The error shows what was given."""
    with pytest.raises(ValueError, match=r"^b is not a semantic version such as 1\.4\.0-rc\.1: '1\.2'$"):
        compare_semver("1.2.3", "1.2")


@pytest.mark.parametrize("version", ["1.0.0-0a", "1.0.0-00a", "1.0.0--1", "1.0.0+001", "1.0.0-a-b.0+-"])
def test_unusual_versions_are_accepted(version: str):
    """Zeros may lead in words and in build metadata, and hyphens may stand anywhere in an identifier."""
    assert compare_semver(version, "2.0.0") == -1
