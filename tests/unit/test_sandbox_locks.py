"""What a function may declare as a package, and what a lock may hold: anything else is refused before uv sees it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.locks import Lock, Pin, UnfitText, read_lock, read_requirement

DIGESTS = st.integers(0, 2**256 - 1).map(lambda number: f"sha256:{number:064x}")
NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
PINS = st.builds(
    Pin,
    name=NAMES,
    version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True),
    hashes=st.lists(DIGESTS, min_size=1, max_size=4).map(tuple),
)
LOCKS = st.builds(
    Lock,
    python=st.integers(12, 20).map(lambda minor: f"3.{minor}"),
    pins=st.lists(PINS, min_size=1, max_size=5, unique_by=lambda pin: pin.name).map(tuple),
)


@given(LOCKS)
def test_a_lock_reads_back(lock):
    """The text of a lock gives the same lock."""
    assert read_lock(lock.text) == lock


@given(LOCKS, st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.integers(0, 2000))
def test_a_changed_lock_never_carries_more_than_pins(lock, junk, place):
    """Whatever somebody puts into a lock, it is refused, or all that comes of it are names, versions and digests."""
    text = lock.text[:place] + junk + lock.text[place:]
    try:
        read = read_lock(text)
    except UnfitText:
        return
    assert read_lock(read.text) == read
    assert set(read.text.splitlines()) <= {*text.splitlines()}


@pytest.mark.parametrize(
    "line",
    [
        "--index-url http://127.0.0.1/simple",
        "-r /etc/passwd",
        "-e .",
        "evil @ http://127.0.0.1/evil.whl \\",
        "./evil.whl \\",
        "six==1.0",
        "six>=1.0 \\",
        "six==1.0 --no-binary :all: \\",
        "six==${HOME} \\",
        "SIX==1.0 \\",
        "",
    ],
)
def test_a_line_that_is_no_pin_is_refused(line):
    """Options, addresses, paths, ranges and variables have no place in a lock."""
    head = Lock(python="3.14", pins=()).text
    digest = f"    --hash=sha256:{'0' * 64}\n"
    assert read_lock(f"{head}six==1.0 \\\n{digest}").versions == {"six": "1.0"}
    with pytest.raises(UnfitText):
        read_lock(f"{head}{line}\n{digest}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "six==1.0 \\\n    --hash=sha256:" + "0" * 64,
        Lock(python="3.14", pins=()).text,
        Lock(python="3.14", pins=()).text + "six==1.0 \\\n    --hash=sha256:00\n",
        Lock(python="3.14", pins=()).text + "six==1.0 \\\n",
        Lock(python="3.14", pins=(Pin(name="six", version="1", hashes=("sha256:" + "0" * 64,)),) * 2).text,
    ],
)
def test_a_lock_must_be_whole(text):
    """Without its head, its packages or their digests, or with a package twice, it is none."""
    with pytest.raises(UnfitText):
        read_lock(text)


@pytest.mark.parametrize(
    "text",
    [
        "evil @ http://127.0.0.1/evil.whl",
        "evil @ file:///etc/passwd",
        "git+https://example.org/evil.git",
        "./evil",
        "/etc/passwd",
        "-e .",
        "-r /etc/passwd",
        "--index-url http://127.0.0.1/simple",
        "six --index-url http://127.0.0.1/simple",
        "six\n--index-url http://127.0.0.1/simple",
        "six\r--pre",
        "six===${HOME}",
        "six # comment",
        "a sentence about what it must do",
        "",
        "six" * 200,
    ],
)
def test_what_is_no_package_name_is_refused(text):
    """Addresses, paths, options, further lines and variables never reach the installer."""
    with pytest.raises(UnfitText):
        read_requirement(text)


def test_a_requirement_keeps_its_meaning_under_its_one_name():
    """Extras, versions and markers stay, and a name is written in one way."""
    requirement = read_requirement("Ruamel.YAML[Extra]>=1,<2; python_version >= '3'")
    assert requirement.name == "ruamel-yaml"
    assert str(requirement) == 'ruamel-yaml[Extra]<2,>=1; python_version >= "3"'
