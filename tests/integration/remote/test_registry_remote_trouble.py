"""A remote that refuses, is away or is another's, and kills in the middle: nothing is lost, and repeating works."""

import json
import os
import random
import signal
import socket
import subprocess
import time

import pytest

from registry import Conflict, NotACopy, NotARegistry, Registry, Remote, RemoteRefused, RemoteUnavailable, Status

APPROVE = 'registry.approve("count_words", by="Ann"); registry.promote("count_words", by="Ann")'
SWING_FOR_EVER = """
print("ready", flush=True)
while True:
    registry.rollback("swing", "1.0.0", by="Ann")
    registry.promote("swing", "1.1.0", by="Ann")
"""
DIES_ONCE_MOVED = 'test "$1" != committed || kill -9 "$PPID"'
"""The remote's `reference-transaction` hook: what receives a push dies once the refs have moved, before it says so."""


def age(registry: Registry, **seconds: float) -> None:
    """Have what is known of the copy's freshness be that much older."""
    path = registry.path / "kowal-remote.json"
    state = json.loads(path.read_text())
    path.write_text(json.dumps(state | {key: state[key] - by for key, by in seconds.items()}))


def test_a_hook_that_refuses_stops_the_change_with_its_words(shared, make, refs):
    """Nothing moves, here or there; the reason is the hook's; once it lets it pass, repeating makes one version."""
    ours = shared.copy("ours")
    ours.add_candidate(make(), {})
    before = refs(ours.path)
    hook = shared.hook("pre-receive", "echo 'Only on Mondays.' >&2; exit 1")
    for _ in range(2):
        with pytest.raises(
            RemoteRefused, match=r"refused the change: pre-receive hook declined; Only on Mondays\."
        ) as e:
            ours.approve("count_words", by="Ann")
    assert (e.value.kept, e.value.retryable) == ("Nothing has changed in this copy, and repeating is safe.", False)
    assert refs(ours.path) == refs(shared.origin) == before
    assert ours.get("count_words").status is Status.TESTING
    assert ours.refresh() == ""
    hook.unlink()
    assert ours.approve("count_words", by="Ann").version == "1.0.0"


def test_a_protected_branch_stops_only_what_needs_it(shared, approve, refs):
    """Where nobody may push to `production`, versions are approved and wait."""
    shared.hook("update", 'test "$1" != refs/heads/production || { echo "protected branch" >&2; exit 1; }')
    ours = shared.copy("ours")
    assert approve(ours) == "1.0.0"
    with pytest.raises(RemoteRefused, match="protected branch"):
        ours.promote("count_words", by="Ann")
    with pytest.raises(RemoteRefused, match="protected branch"):
        ours.canary("count_words", by="Ann")
    assert ours.get("count_words").status is Status.APPROVED
    assert refs(ours.path) == refs(shared.origin)


def test_a_remote_that_cannot_be_written_refuses(shared, produce, refs):
    """A remote without room or rights for the objects gives an error that says so, and stays as it was."""
    ours = shared.copy("ours")
    produce(ours, "a")
    before = refs(shared.origin)
    objects = str(shared.origin / "objects")
    if subprocess.run(["mount", "--bind", "-o", "ro", objects, objects], capture_output=True, check=False).returncode:
        pytest.skip("no folder can be made read-only here")
    try:
        with pytest.raises(RemoteRefused, match="unable to create temporary object directory"):
            produce(ours, "b")
        assert ours.find("count_words").version == "1.0.0"
        assert refs(shared.origin) == before
    finally:
        subprocess.run(["umount", objects], check=True)
    assert produce(ours, "b") == "1.1.0"


def test_a_remote_that_is_away_is_told_and_left_alone_for_a_while(shared, produce):
    """Tasks go on with the copy that is here; changes say what to do; all is well again once the remote is back."""
    ours = shared.copy("ours")
    produce(ours)
    gone = shared.origin.rename(shared.folder / "gone")
    reason = ours.refresh()
    assert "origin.git cannot be read: " in reason
    assert ours.find("count_words").version == "1.0.0"
    with pytest.raises(RemoteUnavailable, match="cannot be read") as caught:
        ours.quarantine("count_words", by="Ann", reason="wrong")
    assert caught.value.retryable
    assert "once the remote answers" in caught.value.advice
    gone.rename(shared.origin)
    assert ours.refresh() == reason  # it was not asked again
    age(ours, failed_at=31)
    assert ours.refresh() == ""
    assert ours.quarantine("count_words", by="Ann", reason="wrong") is None
    assert ours.remote_status().reason == ""


def test_a_change_is_tried_though_the_remote_was_just_away(shared, produce):
    """Who repeats a command once the remote is back does not wait, and the copy counts as fresh then."""
    ours = shared.copy("ours")
    gone = shared.origin.rename(shared.folder / "gone")
    assert ours.refresh()
    gone.rename(shared.origin)
    assert produce(ours) == "1.0.0"
    assert ours.refresh() == ""


def test_a_remote_that_never_answers_is_given_up(tmp_path):
    """A server that takes the connection and is silent costs seconds, and nothing of it goes on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"git://127.0.0.1:{server.getsockname()[1]}/registry.git"
        with Registry.create(tmp_path / "r", remote=Remote(place=place)) as registry:
            start = time.monotonic()
            assert "gave no answer within 5 seconds" in registry.refresh()
            assert registry.refresh()
            assert time.monotonic() - start < 30
        connection, _ = server.accept()
        with connection:
            connection.settimeout(10)
            while connection.recv(4096):  # its end shows that git was stopped
                pass


def test_a_young_copy_asks_nobody(shared, produce):
    """Within the maximal age no remote is needed to read."""
    ours = shared.copy("ours", max_age_s=3600)
    produce(ours)
    shared.origin.rename(shared.folder / "gone")
    assert ours.refresh() == ""
    age(ours, fetched_at=3601)
    assert "cannot be read" in ours.refresh()


def test_without_a_remote_nothing_is_asked(tmp_path):
    """A registry of its own is always fresh, and has nothing to join."""
    with Registry.create(tmp_path / "r") as registry:
        assert (registry.refresh(), registry.share(), registry.remote_status()) == ("", False, None)


def test_another_registry_is_never_taken_for_a_copy(shared, tmp_path, produce, refs):
    """A registry with a past of its own is neither overwritten by the remote's nor pushed there."""
    with Registry.create(tmp_path / "own") as own:
        produce(own)
    mistaken = shared.opening(tmp_path / "own")
    before = refs(own.path), refs(shared.origin)
    assert "is no copy of" in mistaken.refresh()
    for change in (mistaken.share, lambda: mistaken.promote("count_words", by="Ann")):
        with pytest.raises(NotACopy) as caught:
            change()
    assert "kowal init" in caught.value.advice
    assert (refs(own.path), refs(shared.origin)) == before


@pytest.mark.parametrize(
    ("work", "joined"), [("a candidate", False), ("a version", False), ("a version", True)], ids=str
)
def test_what_was_done_without_the_remote_is_not_thrown_away(shared, make, produce, refs, work, joined):
    """Whoever worked on a copy as if it were alone is told before anything of it is lost."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    if not joined:
        (ours.path / "kowal-remote.json").unlink()
    with Registry.open(ours.path) as alone:
        produce(alone) if work == "a version" else alone.add_candidate(make(), {})
    if joined:
        produce(theirs, "another")
    before = refs(ours.path)
    assert "is no copy of" in ours.refresh()
    assert refs(ours.path) == before


def test_a_remote_that_was_emptied_does_not_empty_the_copy(shared, produce, refs):
    """Nothing is taken over from a remote that holds no registry; `share` fills it again from here."""
    ours = shared.copy("ours")
    produce(ours)
    shared.origin.rename(shared.folder / "gone")
    subprocess.run(["git", "init", "--quiet", "--bare", str(shared.origin)], check=True)
    assert "holds no registry yet" in ours.refresh()
    with pytest.raises(NotARegistry, match="no registry yet"):
        ours.quarantine("count_words", by="Ann", reason="x")
    assert ours.share()
    assert refs(ours.path) == refs(shared.origin) == refs(shared.folder / "gone")


def test_a_damaged_note_of_freshness_makes_a_copy_old_and_no_worse(shared, produce):
    """The next look makes it anew."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs", max_age_s=3600)
    produce(ours)
    (theirs.path / "kowal-remote.json").write_text('{"place": ')
    assert theirs.refresh() == ""
    assert theirs.find("count_words").version == "1.0.0"


@pytest.mark.parametrize("branch", ["main", "production"])
def test_a_kill_between_the_remote_and_the_copy_heals(shared, make, branch):
    """The remote has moved, the copy has not: repeating completes it, and there is one version, promoted once."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    ours.add_candidate(make(), {})
    shared.hook("post-receive", f"grep -q refs/heads/{branch} || exit 0; touch {shared.folder}/moved; sleep 60")
    process = shared.process(ours, APPROVE)
    moved = shared.folder / "moved"
    while not moved.exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (shared.origin / "hooks" / "post-receive").unlink()
    left = {"main": Status.TESTING, "production": Status.APPROVED}[branch]
    assert ours.get("count_words").status is left
    assert ours.check() == []
    assert ours.approve("count_words", make().digest, by="Bob").version == "1.0.0"
    assert ours.promote("count_words", by="Bob").status is Status.PRODUCTION
    theirs.refresh()
    assert [entry.version for entry in ours.history("count_words")] == ["1.0.0", "1.0.0"]
    assert theirs.history("count_words") == ours.history("count_words")
    assert ours.history("count_words")[0].by == "Ann"


def test_a_change_whose_answer_was_lost_is_made_once(shared, make, produce, refs):
    """Where the remote moved and could not say so, the change counts as made, and is not made again."""
    ours = shared.copy("ours")
    hook = shared.hook("reference-transaction", DIES_ONCE_MOVED)
    assert (produce(ours, "a"), produce(ours, "b")) == ("1.0.0", "1.1.0")
    after = ours.quarantine("count_words", by="Ann", reason="wrong")
    assert after is not None
    assert (after.version, after.status) == ("1.0.0", Status.PRODUCTION)
    hook.unlink()
    moves = [(entry.version, entry.status.value) for entry in ours.history("count_words")]
    assert sorted(moves[:4]) == [
        (version, status) for version in ("1.0.0", "1.1.0") for status in ("approved", "production")
    ]
    assert moves[4:] == [("1.1.0", "quarantined"), ("1.0.0", "production")]
    assert refs(ours.path) == refs(shared.origin)


def test_a_lock_that_stays_at_the_remote_is_a_conflict(shared, make, monkeypatch):
    """Somebody else's lock is waited for, and then told as what it is; nothing has moved."""
    monkeypatch.setattr("registry.moves._ATTEMPTS", 3)
    ours = shared.copy("ours")
    ours.add_candidate(make(), {})
    (shared.origin / "refs/heads/main.lock").touch()
    with pytest.raises(Conflict):
        ours.approve("count_words", by="Ann")
    (shared.origin / "refs/heads/main.lock").unlink()
    assert ours.approve("count_words", by="Ann").version == "1.0.0"


def test_a_kill_at_any_moment_leaves_copies_that_agree_again(shared, produce, refs):
    """After kill -9 at random moments the copy is sound, and the next move and the next look succeed."""
    ours, theirs = shared.copy("ours"), shared.copy("theirs")
    produce(ours, "a", "swing")
    produce(ours, "b", "swing")
    for _ in range(6):
        process = shared.process(ours, SWING_FOR_EVER)
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.6))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for path in (ours.path, shared.origin):
            for lock in path.rglob("*.lock"):
                os.utime(lock, (time.time() - 60, time.time() - 60))  # as if a minute had passed
        assert ours.check() == []
        assert theirs.rollback("swing", "1.0.0", by="Bob").version == "1.0.0"
        assert ours.promote("swing", "1.1.0", by="Ann").status is Status.PRODUCTION
    theirs.refresh()
    assert theirs.history("swing") == ours.history("swing")
    assert refs(theirs.path) == refs(ours.path) == refs(shared.origin)
