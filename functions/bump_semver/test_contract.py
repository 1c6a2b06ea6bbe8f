"""What `bump_semver` promises in its description, checked without a look at how it does it.

An error comes with a message; what the message says is not promised.
"""

import pytest
from function import bump_semver


def test_patch():
    """The last number is raised."""
    assert bump_semver("1.2.3", "patch") == "1.2.4"
    assert bump_semver("0.0.0", "patch") == "0.0.1"
    assert bump_semver("1.2.9", "patch") == "1.2.10"


def test_minor():
    """The middle number is raised, and the last becomes 0."""
    assert bump_semver("1.2.3", "minor") == "1.3.0"
    assert bump_semver("1.9.0", "minor") == "1.10.0"
    assert bump_semver("0.0.1", "minor") == "0.1.0"


def test_major():
    """The first number is raised, and the others become 0."""
    assert bump_semver("1.2.3", "major") == "2.0.0"
    assert bump_semver("0.9.9", "major") == "1.0.0"
    assert bump_semver("9.0.0", "major") == "10.0.0"


def test_pre_release_of_a_major_release():
    """A pre-release with two zeros becomes its release, whatever is wanted."""
    assert bump_semver("2.0.0-rc.1", "major") == "2.0.0"
    assert bump_semver("2.0.0-rc.1", "minor") == "2.0.0"
    assert bump_semver("2.0.0-rc.1", "patch") == "2.0.0"


def test_pre_release_of_a_minor_release():
    """It becomes its release as a minor and as a patch release, and the next major one."""
    assert bump_semver("1.3.0-alpha", "patch") == "1.3.0"
    assert bump_semver("1.3.0-alpha", "minor") == "1.3.0"
    assert bump_semver("1.3.0-alpha", "major") == "2.0.0"


def test_pre_release_of_a_patch_release():
    """It becomes its release as a patch release, and the next minor or major one."""
    assert bump_semver("1.3.1-0", "patch") == "1.3.1"
    assert bump_semver("1.3.1-0", "minor") == "1.4.0"
    assert bump_semver("1.3.1-0", "major") == "2.0.0"


def test_pre_release_of_a_patch_of_a_major_release():
    """A patch of x.0 is no minor release and no major one."""
    assert bump_semver("2.0.1-rc.1", "patch") == "2.0.1"
    assert bump_semver("2.0.1-rc.1", "minor") == "2.1.0"
    assert bump_semver("2.0.1-rc.1", "major") == "3.0.0"
    assert bump_semver("0.0.0-dev", "major") == "0.0.0"


def test_build_metadata_is_dropped():
    """It does not make a pre-release of a version, hyphens included."""
    assert bump_semver("1.2.3+build.5", "patch") == "1.2.4"
    assert bump_semver("1.2.3+a-b", "patch") == "1.2.4"
    assert bump_semver("1.2.3-rc.1+build.5", "patch") == "1.2.3"


def test_a_leading_v_is_kept():
    """With a v in front the next version has one, without it has none."""
    assert bump_semver("v1.2.3", "minor") == "v1.3.0"
    assert bump_semver("v1.2.3-rc.1+b", "patch") == "v1.2.3"
    assert bump_semver("1.2.3", "minor") == "1.3.0"


def test_large_numbers():
    """Numbers have no end."""
    assert bump_semver("1.2.99999999999999999999", "patch") == "1.2.100000000000000000000"


@pytest.mark.parametrize(
    "version",
    [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.x",
        "-1.2.3",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3+",
        "1.2.3-ä",
        "1.2.3 rc",
        "vv1.2.3",
        "version 1.2.3",
        "1,2,3",
    ],
)
def test_what_is_no_semantic_version(version: str):
    """Numbers that lack or lead with zeros, and empty identifiers, are refused."""
    with pytest.raises(ValueError, match=r"\S"):
        bump_semver(version, "patch")


def test_unknown_parts():
    """A part is one of the three."""
    for part in ("", "Major", "prerelease", "build", "3"):
        with pytest.raises(ValueError, match=r"\S"):
            bump_semver("1.2.3", part)
