"""What bump_semver promises."""

import pytest
from function import bump_semver


def test_a_release():
    """The number is raised by one, and those behind it become 0."""
    for part, expected in [("major", "2.0.0"), ("minor", "1.3.0"), ("patch", "1.2.4")]:
        assert bump_semver("1.2.3", part) == expected


def test_from_nothing():
    """Zeros are raised like other numbers."""
    for part, expected in [("major", "1.0.0"), ("minor", "0.1.0"), ("patch", "0.0.1")]:
        assert bump_semver("0.0.0", part) == expected


def test_numbers_not_digits():
    """Nine is followed by ten, and large numbers stay exact."""
    assert bump_semver("9.9.9", "patch") == "9.9.10"
    assert bump_semver("1.99.0", "minor") == "1.100.0"
    assert bump_semver("99999999999999999999.0.0", "major") == "100000000000000000000.0.0"


def test_major_from_a_pre_release():
    """A pre-release of a major release becomes that release, another the next major one."""
    for version, expected in [
        ("2.0.0-rc.1", "2.0.0"),
        ("2.1.0-rc.1", "3.0.0"),
        ("2.0.1-rc.1", "3.0.0"),
        ("0.0.0-alpha", "0.0.0"),
    ]:
        assert bump_semver(version, "major") == expected


def test_minor_from_a_pre_release():
    """A pre-release with the patch number 0 becomes its release, another the next minor one."""
    for version, expected in [
        ("2.0.0-rc.1", "2.0.0"),
        ("2.1.0-rc.1", "2.1.0"),
        ("2.1.1-rc.1", "2.2.0"),
        ("2.0.1-rc.1", "2.1.0"),
    ]:
        assert bump_semver(version, "minor") == expected


def test_patch_from_a_pre_release():
    """Any pre-release becomes its release."""
    for version in ["2.0.0-rc.1", "2.0.0-0", "2.0.0--", "2.0.0-x.7.z.92", "2.0.0-rc.1+build.5"]:
        assert bump_semver(version, "patch") == "2.0.0"


def test_patch_keeps_the_patch_number_of_a_pre_release():
    """The patch number of a pre-release is not raised, nor anything before it."""
    assert bump_semver("1.2.3-beta", "patch") == "1.2.3"
    assert bump_semver("1.2.3-beta-2", "patch") == "1.2.3"


def test_build_metadata_is_dropped():
    """Build metadata goes, and does not make a pre-release."""
    assert bump_semver("1.2.3+20130313144700", "patch") == "1.2.4"
    assert bump_semver("1.2.0+exp.sha-5114f85", "minor") == "1.3.0"
    assert bump_semver("1.0.0+21AF26D3---117B344092BD", "major") == "2.0.0"
    assert bump_semver("1.2.3+007", "patch") == "1.2.4"


def test_the_letter_in_front_stays():
    """A leading v is kept, and none is added."""
    assert bump_semver("v1.2.3", "minor") == "v1.3.0"
    assert bump_semver("v2.0.0-rc.1", "major") == "v2.0.0"


def test_no_semantic_versions():
    """What is no semantic version is an error that shows it."""
    for version in [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3+",
        "1.2.3-a_b",
        "V1.2.3",
        "vv1.2.3",
        " 1.2.3",
        "1.2.3\n",
        "-1.2.3",
        "1.2.3+a+b",
        "1.2.x",
        "１.2.3",
    ]:
        with pytest.raises(ValueError, match=r"^version is not a semantic version such as 1.4.0-rc.1: '") as error:
            bump_semver(version, "patch")
        assert str(error.value).endswith(repr(version))


def test_other_parts():
    """A part that is none of the three is an error that names it."""
    for part in ["", "Major", "prerelease", "build"]:
        with pytest.raises(ValueError, match=f"^part must be major, minor or patch, not '{part}'$"):
            bump_semver("1.2.3", part)
