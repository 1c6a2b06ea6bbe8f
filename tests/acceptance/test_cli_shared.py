"""Two users on two machines with one registry between them, as they type it."""

import json
import shutil
import subprocess

import pytest

COUNT = ("run", "count words in a text", "-a", "text=a b")


@pytest.fixture
def remote(tmp_path):
    """An empty repository that both users name as the remote."""
    place = tmp_path / "shared.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(place)], check=True)
    return place


@pytest.fixture
def ours(home, remote):
    """A user with a registry of their own, who looks at the remote before each task."""
    return home.with_(KOWAL_REGISTRY_REMOTE=str(remote), KOWAL_REGISTRY_MAX_AGE_S="0")


@pytest.fixture
def theirs(ours, tmp_path):
    """Another user, without a registry."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    return ours.with_(KOWAL_REGISTRY=str(folder / "registry.git"), KOWAL_DATABASE=str(folder / "operations.sqlite"))


def diagnosis(user):
    """What the doctor says of the remote."""
    parts = json.loads(user.run_any("doctor", "--json").stdout)
    return next(part for part in parts if part["part"] == "registry remote")


def test_two_machines_share_a_registry(ours, theirs, remote):
    """The first fills the remote, the second copies it without proving anything, and each sees what the other does."""
    assert "was filled from it" in ours.run("init").stdout
    copied = theirs.run("init")
    assert f"is copied of {remote}: 8 functions" in " ".join(copied.stdout.split())
    assert "Proving" not in copied.stderr
    assert theirs.json(*COUNT)["value"] == 2
    ours.run("functions", "quarantine", "count_words", "--reason", "wrong")
    rows = {row["name"]: row["status"] for row in theirs.json("functions", "list")}
    assert rows["count_words"] == "quarantined"
    assert theirs.json("functions", "history", "count_words") == ours.json("functions", "history", "count_words")
    found = diagnosis(theirs)
    assert found["ok"]
    assert f"{remote}: reachable; this copy was last the same" in found["detail"]
    assert "0 refs differ" in found["detail"]


def test_a_first_task_begins_with_a_copy(ours, theirs):
    """Nobody has to run `init` where the remote holds a registry."""
    ours.run("init")
    assert theirs.json(*COUNT)["origin"] == "matched"


def test_where_the_remote_is_away_tasks_go_on_and_changes_park(ours, remote):
    """The command says that the copy may be old, and answers; a change says what happened, what was kept, what next."""
    ours.run("init")
    shutil.move(remote, f"{remote}.away")
    done = ours.run(*COUNT)
    assert done.stdout.split() == ["2"]
    assert "the copy of the registry may be old: The registry's remote" in done.stderr
    error = ours.json("functions", "quarantine", "count_words", "--reason", "wrong", code=7)["error"]
    assert (error["type"], error["retryable"]) == ("RemoteUnavailable", True)
    assert error["kept"] == "Nothing has changed in this copy, and repeating is safe."
    assert "kowal doctor" in error["advice"]
    found = diagnosis(ours)
    assert not found["ok"]
    assert "cannot be read" in found["detail"]


def test_init_without_the_remote_makes_nothing(theirs, remote):
    """Where a remote is named and away, no registry is made that would not be its copy."""
    shutil.move(remote, f"{remote}.away")
    error = theirs.json("init", code=7)["error"]
    assert error["type"] == "RemoteUnavailable"
    assert not (remote.parent / "theirs" / "registry.git").exists()


def test_a_new_registry_fills_the_remote_at_once(theirs, remote):
    """The first user of all has the built-in functions proven once, and the remote has them."""
    theirs = theirs.with_(KOWAL_BUILT_INS='["slugify"]')
    assert theirs.json("init") == {
        "registry": str(remote.parent / "theirs" / "registry.git"),
        "made": True,
        "remote": str(remote),
        "functions": ["slugify"],
    }
    listed = ["git", f"--git-dir={remote}", "for-each-ref", "--format=%(refname)", "refs/tags"]
    assert subprocess.run(listed, capture_output=True, text=True, check=True).stdout == "refs/tags/slugify/v1.0.0\n"


def test_a_mirror_of_the_remote_and_the_database_bring_everything_back(ours, theirs, remote, tmp_path):
    """As docs/operate.md has it: on a new machine, with the remote lost, functions are there and queued tasks go on."""
    ours.run("init")
    ours.run("functions", "quarantine", "slugify", "--reason", "wrong")
    task = ours.run("tasks", "submit", "count words in a text", "-a", "text=a b c").stdout.strip()
    shutil.copy(ours.folder / "operations.sqlite", theirs.environment["KOWAL_DATABASE"])
    subprocess.run(["git", "clone", "--quiet", "--mirror", str(remote), str(tmp_path / "mirror.git")], check=True)
    history = ours.json("functions", "history", "slugify")
    for lost in (remote, ours.registry):
        shutil.rmtree(lost)
    back = theirs.with_(KOWAL_REGISTRY_REMOTE=str(tmp_path / "mirror.git"))
    assert "Proving" not in back.run("init").stderr
    assert back.json("functions", "history", "slugify") == history
    worker = back.start("worker")
    try:
        assert back.run("tasks", "follow", task).stdout.split()[-1] == "3"
    finally:
        worker.terminate()
        worker.communicate(timeout=60)
