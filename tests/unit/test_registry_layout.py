"""Names, versions, messages and files: what the registry lets near a path, a ref or a commit."""

import errno
import string
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import Function, Manifest, read_export, read_suites
from registry.commands import failure, system_failure
from registry.errors import (
    Conflict,
    InvalidFunction,
    NotARegistry,
    RegistryError,
    RegistryNotWritable,
    UnknownFunction,
    UnknownVersion,
)
from registry.files import evidence_from, files_of, function_from
from registry.layout import canary_ref, candidate_ref, folder_of, next_version, quarantine_ref, tag_ref, version_key
from registry.messages import compose, parse

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def function(name: str = "count_words", source: str = "x = 1\n", tests: str = "") -> Function:
    """A small function, different for each source."""
    manifest = Manifest(name=name, description="Counts words.", input_schema={"type": "object"})
    return Function(manifest=manifest, source=source, tests=tests)


@given(NAMES)
def test_a_name_stays_in_its_folder_and_its_ref(name):
    """A valid name gives a path of three plain parts and refs that hold exactly it."""
    top, fan, last = folder_of(name)
    assert (top, last, len(fan)) == ("functions", name, 2)
    assert set(fan) <= set(string.hexdigits.lower())
    assert PurePosixPath(tag_ref(name, "1.0.0")).parts == ("refs", "tags", name, "v1.0.0")


@given(st.text().filter(lambda text: not text.isidentifier() or not text.isascii() or not text.islower()))
def test_no_other_text_reaches_a_path_or_a_ref(text):
    """Whatever is not a name is refused before it becomes part of a path or a ref."""
    for use in (folder_of, lambda name: tag_ref(name, "1.0.0"), lambda name: candidate_ref(name, "0" * 64)):
        with pytest.raises(UnknownFunction):
            use(text)


@pytest.mark.parametrize("name", ["", "..", "../a", "a/b", "a\n", "a.lock", "A", "1a", "a b", "a" * 65, "ą", "-a"])
def test_known_tricks_are_not_names(name):
    """Traversal, trailing newlines, lock files and capitals are refused by name."""
    with pytest.raises(UnknownFunction):
        folder_of(name)


@pytest.mark.parametrize("version", ["", "1", "1.0", "v1.0.0", "1.0.0\n", "01.0.0", "../..", "1.0.0/x", "1.0.0^{}"])
def test_only_three_numbers_are_a_version(version):
    """A version that is not X.Y.Z never reaches a ref."""
    for use in (tag_ref, quarantine_ref, canary_ref):
        with pytest.raises(UnknownVersion):
            use("a", version)
    with pytest.raises(UnknownVersion):
        candidate_ref("a", version)


def test_the_first_version_is_one():
    """Where there is no version yet, either kind of change gives 1.0.0."""
    assert next_version([], "minor") == next_version([], "major") == "1.0.0"


@given(st.lists(st.tuples(*[st.integers(0, 200)] * 3), min_size=1), st.sampled_from(["minor", "major"]))
def test_the_next_version_is_newer_than_every_other(numbers, change):
    """Versions only grow, by their numbers and not by their text."""
    versions = [".".join(map(str, number)) for number in numbers]
    assert version_key(next_version(versions, change)) > max(numbers)


@given(TEXTS, TEXTS)
def test_a_note_cannot_pass_for_a_trailer(note, by):
    """However a note is written, the trailers are those the registry wrote."""
    message = parse(compose("Approve a 1.0.0", f"{note}\n\nApproved-by: mallory", {"Approved-by": by, "Version": "1"}))
    assert message.trailers.get("Approved-by", "") == " ".join(kept(by).split())
    assert message.trailers["Version"] == "1"
    assert message.subject == "Approve a 1.0.0"


def kept(text):
    """The text as a commit message keeps it."""
    return compose(text, "", {}).removesuffix("\n")


def test_a_message_by_another_hand_has_no_trailers():
    """A commit that the registry did not write is read without complaint."""
    assert parse("Fix: typo\n").trailers == {}
    assert parse("").trailers == {}


@given(
    source=TEXTS,
    tests=TEXTS,
    extra=st.dictionaries(TEXTS, st.one_of(TEXTS, st.integers(), st.floats(allow_nan=False))),
)
def test_files_give_the_function_and_the_evidence_back(source, tests, extra):
    """Files keep every character of a function, and its digest with it."""
    given_function = function(source=source, tests=tests)
    files = files_of(given_function, extra)
    assert function_from(files, where="here") == given_function
    assert evidence_from(files["evidence.json"]) == {**extra, "digest": given_function.digest}


@pytest.mark.parametrize("source", ["\ud800", "a = '\udfff'"])
def test_text_that_is_not_unicode_is_refused(source):
    """A lone surrogate, as careless JSON may bring it, is an error that names the function."""
    with pytest.raises(InvalidFunction, match="count_words"):
        files_of(function(source=source), {})


@pytest.mark.parametrize("evidence", [{"x": object()}, {"x": {1, 2}}, {"x": b""}])
def test_evidence_that_is_not_json_is_refused(evidence):
    """Evidence without a JSON form is an error and not a file that cannot be read back."""
    with pytest.raises(InvalidFunction):
        files_of(function(), evidence)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("function.json", b"not json"),
        ("function.json", b'{"name": "../x", "description": "", "input_schema": {}}'),
        ("function.json", b'{"name": "x", "description": "", "input_schema": {}, "surprise": 1}'),
        ("function.json", b"[" * 100_000),
        ("function.py", b"\xff\xfe"),
        ("test_function.py", None),
    ],
)
def test_a_folder_that_holds_no_function_is_refused(tmp_path: Path, file, content):
    """Reading an export names the folder or the file at fault."""
    for name, data in files_of(function(), {}).items():
        (tmp_path / name).write_bytes(data)
    assert read_export(tmp_path) == function()
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(InvalidFunction, match=tmp_path.name):
        read_export(tmp_path)


def test_the_suites_of_a_folder_come_in_their_order(tmp_path: Path):
    """A function's own suite is the first, the others follow by name, and nothing else is a suite."""
    names = ["test_zeta.py", "test_function.py", "test_alpha.py", "function.py", "test_notes.txt", "conftest.py"]
    for name in names:
        (tmp_path / name).write_bytes(f"# {name}\r\n".encode())
    wanted = ("test_function.py", "test_alpha.py", "test_zeta.py")
    assert read_suites(tmp_path) == tuple(f"# {name}\r\n" for name in wanted)


@pytest.mark.parametrize("file", ["test_function.py", "test_more.py"])
def test_a_suite_that_cannot_be_read_is_named(tmp_path: Path, file):
    """A suite that is not UTF-8, is a folder or is missing is an error that names it."""
    (tmp_path / "test_function.py").write_text("")
    (tmp_path / file).write_bytes(b"\xff")
    with pytest.raises(InvalidFunction, match=file):
        read_suites(tmp_path)
    (tmp_path / file).unlink()
    (tmp_path / file).mkdir()
    with pytest.raises(InvalidFunction, match=file):
        read_suites(tmp_path)
    with pytest.raises(InvalidFunction, match=r"test_function\.py does not exist"):
        read_suites(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("fatal: unable to write loose object file: No space left on device", RegistryNotWritable),
        ("error: Disk quota exceeded", RegistryNotWritable),
        ("fatal: write error: File too large", RegistryNotWritable),
        ("Unable to create '/r/refs/heads/main.lock': Read-only file system", RegistryNotWritable),
        ("fatal: cannot lock ref 'x': Unable to create '/r/x.lock': Permission denied", RegistryNotWritable),
        ("error: insufficient permission for adding an object", RegistryNotWritable),
        ("fatal: detected dubious ownership in repository at '/r'", NotARegistry),
        ("fatal: not a git repository: '/r'", NotARegistry),
        ("fatal: cannot lock ref 'refs/heads/main': is at a but expected b", Conflict),
        ("fatal: cannot lock ref 'refs/tags/a/v1.0.0': reference already exists", Conflict),
        ("fatal: Unable to create '/r/packed-refs.lock': File exists.", Conflict),
        ("error: could not lock config file /r/config: File exists", Conflict),
        ("fatal: something nobody has seen before", RegistryError),
        ("", RegistryError),
    ],
)
def test_every_failure_of_git_has_a_name_and_advice(said, kind):
    """What git says becomes a typed error that names the registry and says what to do."""
    error = failure(said, Path("/r"))
    assert type(error) is kind
    assert "/r" in str(error)
    assert error.advice


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG])
def test_every_way_not_to_be_writable_is_one_error(number):
    """A full disk, a read-only one and missing rights all say that the registry cannot be written."""
    assert isinstance(system_failure(OSError(number, "no"), Path("/r")), RegistryNotWritable)
