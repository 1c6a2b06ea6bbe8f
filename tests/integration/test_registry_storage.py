"""What the surroundings may do to a registry: other processes, kills, full and read-only disks, hostile settings."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha1
from pathlib import Path

import pytest

from registry import (
    Conflict,
    Function,
    Manifest,
    NotARegistry,
    Registry,
    RegistryError,
    RegistryNotWritable,
    Status,
)

PROMOTE_MANY = """
import sys
from pathlib import Path
from registry import Function, Manifest, Registry

with Registry.open(Path(sys.argv[1])) as registry:
    for number in range(int(sys.argv[3])):
        name = f"{sys.argv[2]}_{number}"
        manifest = Manifest(name=name, description="x", input_schema={})
        registry.add_candidate(Function(manifest=manifest, source=name, tests=""), {})
        registry.approve(name, by="Ann")
        registry.promote(name, by="Ann")
"""

SWING_FOR_EVER = """
import sys
from pathlib import Path
from registry import Registry

with Registry.open(Path(sys.argv[1])) as registry:
    print("ready", flush=True)
    while True:
        registry.rollback("swing", "1.0.0", by="Ann")
        registry.promote("swing", "1.1.0", by="Ann")
"""


def function(name: str = "count_words", source: str = "one") -> Function:
    """A small function, different for each source."""
    manifest = Manifest(name=name, description="Counts words.", input_schema={})
    return Function(manifest=manifest, source=source, tests="")


def produce(registry: Registry, function: Function) -> str:
    """Take the function to production; its version."""
    registry.add_candidate(function, {})
    registry.approve(function.name, function.digest, by="Ann")
    return registry.promote(function.name, by="Ann").version


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An empty registry."""
    with Registry.create(tmp_path / "registry") as registry:
        yield registry


def mount(folder: Path, *options: str) -> None:
    """Mount a small file system in memory there, or skip the test."""
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs Linux and root")
    done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")


def test_two_processes_promoting_at_once_lose_nothing(registry):
    """Every function that either process promoted is in production, and every commit is on the branch."""
    count = 12
    processes = [
        subprocess.Popen([sys.executable, "-c", PROMOTE_MANY, str(registry.path), prefix, str(count)])
        for prefix in ("left", "right")
    ]
    assert [process.wait() for process in processes] == [0, 0]
    wanted = {f"{prefix}_{number}" for prefix in ("left", "right") for number in range(count)}
    assert {version.name for version in registry.production()} == wanted
    log = subprocess.run(
        ["git", f"--git-dir={registry.path}", "log", "--format=%s", "main", "--not", "main~23"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(log.stdout.splitlines()) == 23
    assert registry.check() == []


def test_threads_share_a_registry(registry):
    """One object serves several threads that read and write at once."""
    failures: list[Exception] = []

    def work(prefix: str) -> None:
        try:
            for number in range(5):
                produce(registry, function(f"{prefix}_{number}"))
                assert registry.find(f"{prefix}_{number}") is not None
        except (RegistryError, AssertionError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(prefix,)) for prefix in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(registry.production()) == 15


def test_two_approvals_of_one_candidate_make_one_version(registry):
    """Whoever comes second gets the version that the first one made."""
    digest = registry.add_candidate(function(), {}).digest
    versions: list[str] = []
    threads = [
        threading.Thread(target=lambda: versions.append(registry.approve("count_words", digest, by="A").version))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions == ["1.0.0"] * 4


def test_a_kill_at_any_moment_leaves_a_sound_registry(registry):
    """After kill -9 of process and git together, one of the two versions is served and the next move succeeds."""
    produce(registry, function("swing", "a"))
    produce(registry, function("swing", "b"))
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", SWING_FOR_EVER, str(registry.path)],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.1))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert registry.check() == []
        for lock in registry.path.rglob("*.lock"):
            os.utime(lock, (time.time() - 60, time.time() - 60))  # as if a minute had passed
        assert registry.rollback("swing", "1.0.0", by="Ann").version == "1.0.0"
        assert registry.promote("swing", "1.1.0", by="Ann").status is Status.PRODUCTION


def test_an_approval_cut_short_is_completed_by_repeating_it(registry):
    """Where a crash left the candidate beside its version, approving again tidies up."""
    commit = registry.add_candidate(function(), {}).commit
    approved = registry.approve("count_words", by="Ann")
    left = f"refs/heads/candidate/count_words/{approved.digest}"
    subprocess.run(["git", f"--git-dir={registry.path}", "update-ref", left, commit], check=True)
    assert registry.get("count_words").status is Status.APPROVED
    assert registry.approve("count_words", approved.digest, by="Ann") == approved
    assert len(registry.list()) == 1


def test_a_lock_left_by_a_killed_process_is_removed_and_a_fresh_one_respected(registry):
    """Nobody has to know what a lock file is; a lock that is in use gives an error that says to repeat."""
    registry.add_candidate(function(), {})
    lock = registry.path / "refs" / "heads" / "main.lock"
    lock.touch()
    stop = threading.Timer(1.0, lambda: os.utime(lock, (time.time() - 60, time.time() - 60)))
    stop.start()
    assert registry.approve("count_words", by="Ann").version == "1.0.0"
    assert not lock.exists()
    stop.join()


def test_packed_refs_read_like_loose_ones(registry):
    """Whatever git does to tidy up changes nothing that is seen."""
    produce(registry, function(source="a"))
    produce(registry, function(source="b"))
    registry.add_candidate(function(source="c"), {})
    before = (registry.list(), registry.fingerprint())
    subprocess.run(["git", f"--git-dir={registry.path}", "gc", "--quiet"], check=True)
    assert (registry.list(), registry.fingerprint()) == before
    assert registry.rollback("count_words", "1.0.0", by="Ann").version == "1.0.0"
    assert registry.approve("count_words", by="Ann").version == "1.2.0"
    assert registry.get("count_words", "1.1.0").function == function(source="b")
    assert registry.check() == []


def test_what_others_change_is_seen_at_once(registry):
    """A promotion by another process is found by the next read."""
    produce(registry, function(source="a"))
    assert registry.find("count_words") is not None
    with Registry.open(registry.path) as other:
        produce(other, function(source="b"))
        found = registry.find("count_words")
        assert found is not None
        assert found.version == "1.1.0"


def test_a_hostile_git_configuration_changes_nothing(tmp_path, monkeypatch):
    """Signing, hooks, templates and other settings of the user do not reach the registry."""
    home, marker = tmp_path / "home", tmp_path / "hook-ran"
    hooks = home / "hooks"
    hooks.mkdir(parents=True)
    for name in ("reference-transaction", "post-commit", "pre-receive", "update"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {marker}\nexit 1\n")
        (hooks / name).chmod(0o755)
    settings = {
        "commit": "gpgsign = true",
        "tag": "gpgsign = true\n\tforceSignAnnotated = true",
        "gpg": "program = /bin/false",
        "core": f"hooksPath = {hooks}\n\tlogAllRefUpdates = always",
        "init": f"templateDir = {home}\n\tdefaultBranch = other",
        "log": "showSignature = true\n\tdate = relative",
        "i18n": "logOutputEncoding = UTF-16\n\tcommitEncoding = ISO-8859-1",
        "safe": "bareRepository = explicit",
    }
    (home / ".gitconfig").write_text("".join(f"[{key}]\n\t{value}\n" for key, value in settings.items()))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    with Registry.create(tmp_path / "registry") as registry:
        assert produce(registry, function()) == "1.0.0"
        assert [entry.by for entry in registry.history("count_words")] == ["Ann", "Ann"]
        assert registry.check() == []
    assert not marker.exists()


def test_hooks_inside_the_registry_do_not_run(registry, tmp_path):
    """A registry somebody else prepared starts no program on this machine."""
    hook = registry.path / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hook-ran\nexit 1\n")
    hook.chmod(0o755)
    assert produce(registry, function()) == "1.0.0"
    assert not (tmp_path / "hook-ran").exists()


def test_git_variables_of_a_surrounding_hook_do_not_redirect(tmp_path, monkeypatch):
    """Kowal called from a git hook writes to its registry and not to the repository of that hook."""
    other = tmp_path / "other"
    subprocess.run(["git", "init", "--quiet", "--bare", str(other)], check=True)
    before = sorted(other.rglob("*"))
    for name in ("GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(other))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / "objects"))
    monkeypatch.setenv("GIT_QUARANTINE_PATH", str(other / "objects"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    monkeypatch.setenv("GIT_NAMESPACE", "other")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.hooksPath=/nowhere'")
    with Registry.create(tmp_path / "registry") as registry:
        assert produce(registry, function()) == "1.0.0"
        assert registry.check() == []
    assert sorted(other.rglob("*")) == before


@pytest.mark.parametrize("kind", ["missing", "file", "folder", "worktree", "bare"])
def test_what_is_no_registry_is_refused_and_left_alone(tmp_path, kind):
    """Opening anything else names the path and says how to make a registry; nothing is written to it."""
    path = tmp_path / "place"
    if kind == "file":
        path.write_text("a file")
    elif kind == "folder":
        path.mkdir()
        (path / "notes.txt").write_text("mine")
    elif kind != "missing":
        option = ["--bare"] if kind == "bare" else []
        subprocess.run(["git", "init", "--quiet", *option, str(path)], check=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(NotARegistry, match="place") as caught:
        Registry.open(path)
    assert "kowal init" in caught.value.advice
    if kind in ("file", "folder", "worktree"):
        with pytest.raises(NotARegistry, match="place"):
            Registry.create(path)
    assert sorted(tmp_path.rglob("*")) == before


def test_making_a_registry_twice_keeps_the_first(tmp_path):
    """`create` opens what is there, also where it was interrupted before the first commit."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--template=", str(tmp_path / "r")], check=True)
    with Registry.create(tmp_path / "r") as registry:
        produce(registry, function())
    with Registry.create(tmp_path / "r") as registry:
        assert len(registry.production()) == 1


def test_processes_making_one_registry_at_once_agree(tmp_path):
    """Several first starts at once end in one registry."""
    code = "import sys; from pathlib import Path; from registry import Registry; Registry.create(Path(sys.argv[1]))"
    processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "r")]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with Registry.open(tmp_path / "r") as registry:
        assert registry.check() == []


def test_an_unreadable_object_format_is_refused(tmp_path):
    """A repository with SHA-256 objects gives an error that says so, and not a wrong answer."""
    path = tmp_path / "r"
    subprocess.run(["git", "init", "--quiet", "--bare", "--object-format=sha256", str(path)], check=True)
    with pytest.raises(NotARegistry, match="format"):
        Registry.open(path)


def test_a_damaged_object_is_an_error_that_names_it(registry):
    """A missing blob stops the read with advice; it is never an empty function."""
    produce(registry, function())
    tree = subprocess.run(
        ["git", f"--git-dir={registry.path}", "ls-tree", "-r", "production"], check=True, capture_output=True, text=True
    ).stdout
    oid = next(line.split()[2] for line in tree.splitlines() if line.endswith("/function.py"))
    (registry.path / "objects" / oid[:2] / oid[2:]).unlink()
    with Registry.open(registry.path) as again, pytest.raises(RegistryError, match=oid):
        again.get("count_words", "1.0.0")


def test_a_version_that_no_tag_vouches_for_is_not_served(registry):
    """What somebody pushed into production past the gate is reported and not run."""
    produce(registry, function())
    subprocess.run(
        ["git", f"--git-dir={registry.path}", "tag", "-d", "count_words/v1.0.0"], check=True, capture_output=True
    )
    registry.reindex()
    with Registry.open(registry.path) as again:
        assert again.find("count_words") is None
        assert any("no tag vouches" in problem for problem in again.check())


def test_a_read_only_registry_is_read_and_refuses_to_be_written(tmp_path):
    """On a read-only disk everything is found, and a change says that the disk is read-only."""
    disk = tmp_path / "disk"
    mount(disk)
    try:
        with Registry.create(disk / "r") as registry:
            produce(registry, function())
        (disk / "r" / "kowal-index.sqlite").unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for cache in (None, tmp_path):
            with Registry.open(disk / "r", cache=cache) as registry:
                assert registry.find("count_words") is not None
                assert [hit.name for hit in registry.search(["words"], 3).hits] == ["count_words"]
                for change in (
                    lambda registry=registry: registry.add_candidate(function("new"), {}),
                    lambda registry=registry: registry.quarantine("count_words", by="Ann", reason="x"),
                ):
                    with pytest.raises(RegistryNotWritable, match="read-only"):
                        change()
        assert list(tmp_path.glob("kowal-index-*.sqlite"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_no_half_state(tmp_path):
    """However little room is left, a change happens whole or not at all, and says that the disk is full."""
    disk = tmp_path / "disk"
    mount(disk, "-o", "size=2m")
    try:
        with Registry.create(disk / "r") as registry:
            produce(registry, function("first"))
            refused: list[str] = []
            for pages in (0, 1, 3, 6, 9, 12, 15, 20, 30):
                free = os.statvfs(disk).f_bavail - pages
                (disk / "filler").write_bytes(b"x" * 4096 * free)
                try:
                    produce(registry, function("second", f"with {pages}"))
                except RegistryNotWritable as error:
                    refused.append(str(error))
                (disk / "filler").unlink()
                assert registry.check() == []
                assert registry.find("first") is not None
            assert refused
            assert all("full" in text for text in refused)
            assert produce(registry, function("third")) == "1.0.0"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_other_writers_are_waited_for_and_in_the_end_named(registry, monkeypatch):
    """Where a ref stays locked, the change gives up with an error that says to repeat it."""
    registry.add_candidate(function(), {})
    monkeypatch.setattr("registry.moves._ATTEMPTS", 3)
    (registry.path / "refs" / "heads" / "main.lock").touch()
    with pytest.raises(Conflict) as caught:
        registry.approve("count_words", by="Ann")
    assert caught.value.retryable
    assert caught.value.advice
    with suppress(FileNotFoundError):
        (registry.path / "refs" / "heads" / "main.lock").unlink()
    assert registry.approve("count_words", by="Ann").version == "1.0.0"


def test_loose_objects_are_packed_as_they_become_many(tmp_path: Path):
    """Promotions are followed by a tidying, by git's own measure; nothing that is registered is lost by it."""
    with Registry.create(tmp_path / "registry.git") as registry:
        git = ["git", "-C", str(registry.path)]
        for setting in ("gc.auto=1", "gc.autoDetach=false"):
            subprocess.run([*git, "config", *setting.split("=")], check=True)
        # git estimates the number of loose objects by those whose name starts with 17.
        texts = (str(number) for number in range(10_000))
        crowd = [text for text in texts if sha1(f"blob {len(text)}\0{text}".encode()).hexdigest().startswith("17")]
        for text in crowd[:3]:
            subprocess.run([*git, "hash-object", "-w", "--stdin"], input=text.encode(), check=True, capture_output=True)
        for number in range(3):
            registry.add_candidate(function(f"function_{number}", str(number)), {})
            registry.approve(f"function_{number}", by="Ann")
            registry.promote(f"function_{number}", by="Ann")
        counted = subprocess.run([*git, "count-objects", "-v"], capture_output=True, text=True, check=True).stdout
        assert int(dict(line.split(": ") for line in counted.splitlines())["in-pack"]) > 10
        assert len(registry.production()) == 3
        assert list(registry.check()) == []
