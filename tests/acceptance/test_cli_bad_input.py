"""Bad input and a bad machine: each ends in an error that names the thing and the fix, never in a traceback."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

COUNT = ("run", "count words in a text")


def refused(home, *words: str, code: int = 2) -> str:
    """What standard error says of a command that is refused; standard output stays empty."""
    done = home.run(*words, code=code)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 2_000
    return done.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["run", ""], "task is empty"),
        (["run", "x" * 100_000], "100,000 characters"),
        ([*COUNT, "-a", "txt=a"], "`txt`"),
        (["functions", "run", "count_words", "-a", "txt=a"], "takes no argument `txt`; it takes text"),
        (
            ["functions", "run", "slugify", "-a", "text=a", "-a", "max_length=many"],
            "`max_length` of `slugify` must be integer",
        ),
        ([*COUNT], "needs `text` (string)"),
        ([*COUNT, "-a", "text=@no/such/file"], "no/such/file, for the argument `text`, cannot be read: No such file"),
        ([*COUNT, "-a", "text=@latin1.txt"], "is not UTF-8 text (byte 2)"),
        ([*COUNT, "-a", "text=@."], "Is a directory"),
        ([*COUNT, "--args-file", "list.json"], "list.json holds no JSON object"),
        ([*COUNT, "--args-file", "latin1.txt"], "is not UTF-8"),
        ([*COUNT, "--example", "{'in': 1}"], "--example is not JSON"),
        ([*COUNT, "--example", '{"in": {"text": "a"}}'], "is not an example"),
        ([*COUNT, "-a", "text"], "'text' is not NAME=VALUE"),
        (["functions", "import", "no_such_folder"], "no_such_folder"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_bad_input_is_named_with_the_fix(home, words, named):
    """Exit code 2, one error that names the thing, and a line that says what to do next."""
    (home.folder / "latin1.txt").write_bytes("żó".encode()[:2] + b"\xff")
    (home.folder / "list.json").write_text("[1]")
    said = refused(home, *words)
    assert named in said
    assert "next: " in said


def test_a_task_of_a_megabyte_is_refused(home):
    """What the operating system lets through as one word is refused with its size, from Python too."""
    program = (
        "from agent import execute_task, BadTask\n"
        "try:\n    execute_task('x' * 1_000_000)\nexcept BadTask as error:\n    print(error)"
    )
    assert "1,000,000 characters" in home.python(program).stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["functions", "show", "no_such_function"], "no_such_function"),
        (["functions", "rollback", "slugify", "9.9.9"], "9.9.9"),
        (["functions", "approve", "slugify"], "slugify"),
    ],
)
def test_unknown_functions_and_versions_are_named(home, words, named):
    """Exit code 5, and where to look for the right name."""
    said = refused(home, *words, code=5)
    assert named in said
    assert "kowal functions" in said


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("KOWAL_SANDBOX", "wsam", "no `wsam` in sandbox.backends; there is "),
        ("KOWAL_PROVIDERS", '["olama"]', "no `olama` in integrations.llm; there is litellm, ollama, openai, scripted"),
        ("KOWAL_CANDIDATES", "many", "`candidates`"),
        ("OLLAMA_HOST", "ftp://example.org", "http"),
    ],
)
def test_a_wrong_setting_is_named(home, variable, value, named):
    """Exit code 2 and the place where it can be mended."""
    said = refused(home.with_(**{variable: value}), *COUNT, "-a", "text=a")
    assert named in said
    assert "next: " in said


def test_a_registry_path_that_is_a_file_is_named(bare):
    """A file is not taken for a registry, and not touched."""
    bare.registry.write_text("mine")
    assert str(bare.registry) in refused(bare, *COUNT, "-a", "text=a", code=7)
    assert str(bare.registry) in refused(bare, "init", code=7)
    assert bare.registry.read_text() == "mine"


def test_a_folder_that_is_no_registry_is_named(bare):
    """Somebody else's folder or git repository is left as it is."""
    bare.registry.mkdir()
    (bare.registry / "letter.txt").write_text("mine")
    assert str(bare.registry) in refused(bare, "functions", "list", code=7)
    assert [path.name for path in bare.registry.iterdir()] == ["letter.txt"]
    other = bare.folder / "other"
    subprocess.run(["git", "init", "-q", "--bare", str(other)], check=True)
    before = sorted(path.name for path in other.rglob("*"))
    assert str(other) in refused(bare.with_(KOWAL_REGISTRY=str(other)), "functions", "list", code=7)
    assert sorted(path.name for path in other.rglob("*")) == before


def mounted(place: Path, *options: str) -> bool:
    """Mount something at the place; False where this user may not."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        return False
    return subprocess.run(["mount", *options, str(place)], capture_output=True, check=False).returncode == 0


@pytest.fixture
def unmount():
    """Unmounts afterwards what a test has mounted."""
    places: list[Path] = []
    yield places.append
    for place in places:
        subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def test_a_registry_on_a_read_only_disk_still_answers_and_says_why_it_does_not_write(home, unmount):
    """Reading goes on; what must write names the place and the reason, and nothing is half written."""
    place = home.registry
    if not (mounted(place, "--bind", str(place)) and mounted(place, "-o", "remount,bind,ro")):
        pytest.skip("a read-only mount cannot be made here")
    unmount(place)
    assert home.run(*COUNT, "-a", "text=a b").stdout == "2\n"
    said = refused(home, "functions", "quarantine", "slugify", "--reason", "x", code=7)
    assert str(place) in said
    assert "next: " in said
    assert home.json("functions", "show", "slugify")["status"] == "production"


def test_a_place_that_cannot_be_written_is_named_by_init(bare, unmount):
    """`init` on a read-only disk is an error with the path, not a traceback."""
    place = bare.folder / "read-only"
    place.mkdir()
    if not mounted(place, "-t", "tmpfs", "-o", "ro", "none"):
        pytest.skip("a read-only mount cannot be made here")
    unmount(place)
    said = refused(bare.with_(KOWAL_REGISTRY=str(place / "registry.git")), "init", code=7)
    assert str(place) in said
    assert "next: " in said


def test_a_full_disk_is_named_and_leaves_no_half_registry(bare, unmount):
    """With no room left `init` says so, and takes back what it had begun."""
    place = bare.folder / "small"
    place.mkdir()
    if not mounted(place, "-t", "tmpfs", "-o", "size=96k", "none"):
        pytest.skip("a small disk cannot be mounted here")
    unmount(place)
    home = bare.with_(KOWAL_REGISTRY=str(place / "registry.git"), KOWAL_DATABASE=str(place / "operations.sqlite"))
    said = refused(home, "init", code=7)
    assert "kept" in said or "next" in said
    assert list(place.iterdir()) == []


def test_a_full_disk_during_a_run_is_named(home, unmount):
    """A run that cannot be written down is an error that names the database."""
    place = home.folder / "small"
    place.mkdir()
    if not mounted(place, "-t", "tmpfs", "-o", "size=128k", "none"):
        pytest.skip("a small disk cannot be mounted here")
    unmount(place)
    (place / "filler").write_bytes(b"x" * shutil.disk_usage(place).free)
    said = refused(home.with_(KOWAL_DATABASE=str(place / "operations.sqlite")), *COUNT, "-a", "text=a", code=7)
    assert str(place) in said
    assert home.is_sound()


def test_a_damaged_index_repairs_itself(home):
    """The index is derived: a broken one is made anew without a word."""
    for index in home.registry.glob("*.sqlite*"):
        index.write_bytes(b"no database")
    assert home.run(*COUNT, "-a", "text=a b").stdout == "2\n"
    assert home.is_sound()


def test_a_closed_pipe_is_no_crash(home):
    """`kowal ... | head -1` ends quietly."""
    process = home.start("functions", "source", "csv_group_sum", "--tests")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.wait(60)
    process.stderr.close()
    assert "Traceback" not in said
    assert "Exception ignored" not in said
