"""Versions on trial: how a trial begins, how it ends, and what a crash may leave of one."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import Function, InvalidTransition, Manifest, Registry, RegistryError, Status, Version

SWING_FOR_EVER = """
import sys
from pathlib import Path
from registry import Registry

with Registry.open(Path(sys.argv[1])) as registry:
    print("ready", flush=True)
    while True:
        registry.canary("swing", "1.2.0", by="Ann")
        registry.canary("swing", "1.1.0", by="Ann")
        registry.promote("swing", "1.1.0", by="Ann")
        registry.rollback("swing", "1.0.0", by="Ann")
"""

VERSIONS = ("1.0.0", "1.1.0", "1.2.0")
STEPS = st.lists(
    st.tuples(st.sampled_from(["canary", "promote", "rollback", "quarantine"]), st.sampled_from(VERSIONS)), max_size=7
)


def function(source: str, name: str = "swing") -> Function:
    """A small function, different for each source."""
    manifest = Manifest(name=name, description="Counts words.", input_schema={})
    return Function(manifest=manifest, source=source, tests="")


def approve(registry: Registry, source: str, name: str = "swing") -> str:
    """Have one more approved version; its number."""
    digest = registry.add_candidate(function(source, name), {}).digest
    return registry.approve(name, digest, by="Ann").version


def filled(path: Path) -> Registry:
    """A registry with three approved versions, the first of them in production."""
    registry = Registry.create(path)
    assert tuple(approve(registry, source) for source in "abc") == VERSIONS
    registry.promote("swing", "1.0.0", by="Ann")
    return registry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry as `filled` makes it."""
    with filled(tmp_path / "registry") as registry:
        yield registry


def git(registry: Registry, *arguments: str) -> str:
    """What git itself says."""
    return subprocess.run(
        ["git", f"--git-dir={registry.path}", *arguments], check=True, capture_output=True, text=True
    ).stdout


def trial_refs(registry: Registry) -> dict[str, str]:
    """The refs to trials, with what they name."""
    lines = git(registry, "for-each-ref", "--format=%(refname) %(objectname)", "refs/kowal/canary/").splitlines()
    return dict(line.split() for line in lines)


def statuses(registry: Registry) -> dict[str, Status]:
    """Where each version stands."""
    return {version: registry.get("swing", version).status for version in VERSIONS}


def serving(registry: Registry) -> str | None:
    """The version in production."""
    found = registry.find("swing")
    return found.version if found else None


def test_a_canary_serves_beside_production(registry):
    """A version on trial is told from production, by the registry and by git, and production stays as it is."""
    before = registry.fingerprint()
    canary = registry.canary("swing", "1.1.0", by="statistics", note="a fifth of the calls")
    assert (canary.version, canary.status) == ("1.1.0", Status.CANARY)
    assert registry.on_trial("swing") == canary == registry.get("swing", "1.1.0")
    assert registry.canaries() == [canary]
    assert registry.get("swing").version == serving(registry) == "1.0.0"
    assert [row.status for row in registry.list()] == [Status.PRODUCTION]
    assert trial_refs(registry) == {"refs/kowal/canary/swing/1.1.0": canary.commit}
    assert git(registry, "diff", "--stat", "production~1", "production") == ""
    assert registry.fingerprint() != before
    entry = registry.history("swing")[-1]
    assert (entry.version, entry.status, entry.by) == ("1.1.0", Status.CANARY, "statistics")
    assert entry.note == "a fifth of the calls"
    assert registry.check() == []


def test_a_canary_is_the_best_where_nothing_is_in_production(tmp_path):
    """Without a production version the canary is what `get` and `list` show, before newer approved ones."""
    with Registry.create(tmp_path / "registry") as registry:
        approve(registry, "a")
        assert registry.canary("swing", by="Ann").version == "1.0.0"
        approve(registry, "b")
        assert registry.find("swing") is None
        assert (registry.get("swing").version, registry.get("swing").status) == ("1.0.0", Status.CANARY)
        assert [(row.version, row.status) for row in registry.list()] == [("1.0.0", Status.CANARY)]
        assert registry.search(["counts"], 5).hits == ()


def test_canaries_come_by_name(registry):
    """Each function has its own trial."""
    for name in ("beta", "alpha"):
        approve(registry, "x", name)
        registry.canary(name, by="Ann")
    registry.canary("swing", by="Ann")
    assert [(canary.name, canary.version) for canary in registry.canaries()] == [
        ("alpha", "1.0.0"),
        ("beta", "1.0.0"),
        ("swing", "1.2.0"),
    ]
    assert registry.on_trial("gamma") is None


def test_putting_on_trial_twice_is_doing_it_once(registry):
    """A repetition changes nothing, and says nothing in the history."""
    first = registry.canary("swing", "1.1.0", by="Ann")
    told = registry.history("swing")
    assert registry.canary("swing", "1.1.0", by="Bob") == first
    assert registry.history("swing") == told


def test_a_newer_canary_takes_the_place_of_the_older(registry):
    """One trial a function: the version that was on trial is approved again, whichever number is higher."""
    registry.canary("swing", "1.2.0", by="Ann")
    registry.canary("swing", "1.1.0", by="Ann")
    assert statuses(registry) == {"1.0.0": "production", "1.1.0": "canary", "1.2.0": "approved"}
    assert list(trial_refs(registry)) == ["refs/kowal/canary/swing/1.1.0"]


def test_a_promoted_canary_is_on_trial_no_longer(registry):
    """Production and the end of the trial are one step, and what served before can be gone back to."""
    registry.canary("swing", "1.1.0", by="Ann")
    assert registry.promote("swing", "1.1.0", by="statistics").status is Status.PRODUCTION
    assert (registry.on_trial("swing"), registry.canaries(), trial_refs(registry)) == (None, [], {})
    assert statuses(registry) == {"1.0.0": "approved", "1.1.0": "production", "1.2.0": "approved"}
    with pytest.raises(InvalidTransition, match=r"1\.1\.0 is production"):
        registry.canary("swing", "1.1.0", by="Ann")


@pytest.mark.parametrize("step", ["promote", "rollback"])
def test_another_version_in_production_ends_the_trial(registry, step):
    """What a canary was tried against is gone, so its trial is over and it is approved as before."""
    registry.canary("swing", "1.1.0", by="Ann")
    getattr(registry, step)("swing", "1.2.0", by="Ann")
    assert statuses(registry) == {"1.0.0": "approved", "1.1.0": "approved", "1.2.0": "production"}
    assert trial_refs(registry) == {}


def test_promoting_what_serves_already_leaves_the_trial_alone(registry):
    """A promotion that changes nothing ends nothing."""
    canary = registry.canary("swing", "1.1.0", by="Ann")
    registry.promote("swing", "1.0.0", by="Ann")
    assert registry.on_trial("swing") == canary


def test_a_quarantined_canary_leaves_production_as_it_is(registry):
    """A canary that turned out wrong is kept from running; what was in production goes on."""
    registry.canary("swing", "1.1.0", by="Ann")
    after = registry.quarantine("swing", by="statistics", reason="3 of 20 calls failed", version="1.1.0")
    assert after == registry.find("swing")
    assert statuses(registry) == {"1.0.0": "production", "1.1.0": "quarantined", "1.2.0": "approved"}
    assert trial_refs(registry) == {}
    with pytest.raises(InvalidTransition, match=r"1\.1\.0 is quarantined"):
        registry.canary("swing", "1.1.0", by="Ann")


def test_the_trial_goes_on_where_production_is_quarantined(registry):
    """A canary that served nobody alone does not become production because its rival was wrong."""
    registry.promote("swing", "1.1.0", by="Ann")
    registry.canary("swing", "1.2.0", by="Ann")
    after = registry.quarantine("swing", by="Ann", reason="wrong")
    assert after is not None
    assert after.version == "1.0.0"
    assert statuses(registry) == {"1.0.0": "production", "1.1.0": "quarantined", "1.2.0": "canary"}


def test_a_canary_that_never_served_alone_is_not_brought_back(tmp_path):
    """Only what was in production before takes the place of a quarantined version; a trial does not count."""
    with filled(tmp_path / "r") as registry:
        registry.quarantine("swing", by="Ann", reason="wrong")
        registry.canary("swing", "1.1.0", by="Ann")
        registry.promote("swing", "1.2.0", by="Ann")
        assert registry.quarantine("swing", by="Ann", reason="wrong too") is None


def test_an_earlier_version_on_trial_may_come_back(registry):
    """Where the predecessor of a quarantined version is the canary itself, it serves again and its trial is over."""
    registry.promote("swing", "1.2.0", by="Ann")
    registry.canary("swing", "1.0.0", by="Ann")
    after = registry.quarantine("swing", by="Ann", reason="wrong")
    assert after is not None
    assert (after.version, after.status, trial_refs(registry)) == ("1.0.0", Status.PRODUCTION, {})


def test_a_candidate_is_not_tried_on_people(registry):
    """A trial is for what passed the gate and was approved."""
    digest = registry.add_candidate(function("d"), {}).digest
    with pytest.raises(InvalidTransition, match=f"{digest[:12]} is testing"):
        registry.canary("swing", digest, by="Ann")
    with pytest.raises(RegistryError, match="name"):
        registry.canary("swing", by=" ")
    assert registry.canaries() == []


def expected(before: dict[str, Status], step: str, version: str, served: set[str]) -> dict[str, Status]:
    """The statuses after a step that is allowed, by the plain rules."""
    after = dict(before)
    if step == "quarantine":
        after[version] = Status.QUARANTINED
        earlier = [other for other in served if other < version and after[other] is not Status.QUARANTINED]
        if before[version] is Status.PRODUCTION and earlier:
            after[max(earlier)] = Status.PRODUCTION
        return after
    became = Status.CANARY if step == "canary" else Status.PRODUCTION
    if before[version] is became:
        return after
    ended = {became, Status.CANARY}
    return {
        other: became if other == version else Status.APPROVED if status in ended else status
        for other, status in before.items()
    }


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_any_steps_keep_the_rules(steps):
    """In whatever order: statuses follow the rules, the refs agree with them, a refusal changes nothing."""
    with TemporaryDirectory() as folder, filled(Path(folder) / "r") as registry:
        known, served = statuses(registry), {"1.0.0"}
        for step, version in steps:
            reason = {"reason": "wrong"} if step == "quarantine" else {}
            try:
                getattr(registry, step)("swing", version=version, by="Ann", **reason)
            except InvalidTransition:
                refused = (Status.QUARANTINED, Status.PRODUCTION) if step == "canary" else (Status.QUARANTINED,)
                assert known[version] in refused
            else:
                known = expected(known, step, version, served)
            assert statuses(registry) == known
            served |= {other for other, status in known.items() if status is Status.PRODUCTION}
            on_trial = [other for other, status in known.items() if status is Status.CANARY]
            assert [ref.split("/")[-1] for ref in trial_refs(registry)] == on_trial
            assert [canary.version for canary in registry.canaries()] == on_trial
        assert registry.check() == []


def test_a_kill_at_any_moment_leaves_one_status_a_version(registry):
    """After kill -9 the registry is sound, at most one version is on trial, and the next move sweeps up."""
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", SWING_FOR_EVER, str(registry.path)], stdout=subprocess.PIPE, start_new_session=True
        )
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.1))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert registry.check() == []
        assert sorted(statuses(registry).values()).count(Status.CANARY) == len(registry.canaries()) <= 1
        for lock in registry.path.rglob("*.lock"):
            os.utime(lock, (time.time() - 60, time.time() - 60))  # as if a minute had passed
        assert registry.promote("swing", "1.1.0", by="Ann").status is Status.PRODUCTION
        assert registry.rollback("swing", "1.0.0", by="Ann").status is Status.PRODUCTION
        assert trial_refs(registry) == {}


@pytest.mark.parametrize(("step", "version"), [("promote", "1.0.0"), ("quarantine", "1.1.0"), ("canary", "1.2.0")])
def test_what_a_crash_left_of_a_trial_is_no_trial_and_is_swept_up(registry, step, version):
    """A ref beside a later status counts for nothing, and repeating the step that was cut short removes it."""
    reason = {"reason": "wrong"} if step == "quarantine" else {}
    getattr(registry, step)("swing", version=version, by="Ann", **reason)
    known, refs = statuses(registry), trial_refs(registry)
    left = "1.1.0" if step == "canary" else version
    git(registry, "update-ref", f"refs/kowal/canary/swing/{left}", registry.get("swing", left).commit)
    assert statuses(registry) == known
    assert registry.check() == []
    getattr(registry, step)("swing", version=version, by="Ann", **reason)
    assert (statuses(registry), trial_refs(registry)) == (known, refs)


def test_a_trial_that_nobody_vouches_for_is_reported_and_not_served(registry):
    """A ref that somebody pushed puts nothing on trial unless a tag says what it is; other trials are found."""
    canary = registry.canary("swing", "1.1.0", by="Ann")
    for ref in ("swing/9.9.9", "Not-A-Name/1.0.0", "unknown/1.0.0"):
        git(registry, "update-ref", f"refs/kowal/canary/{ref}", canary.commit)
    assert registry.canaries() == [canary]
    assert registry.get("swing", "1.1.0").status is Status.CANARY
    problems = "\n".join(registry.check())
    assert "swing 9.9.9" in problems
    assert "Not-A-Name" in problems
    assert "unknown 1.0.0" in problems


def test_packed_trials_are_read_like_loose_ones(registry):
    """Whatever git does to tidy up, a trial goes on, and ends as ever."""
    canary = registry.canary("swing", "1.1.0", by="Ann")
    git(registry, "pack-refs", "--all", "--prune")
    with Registry.open(registry.path) as again:
        assert again.canaries() == [canary]
        again.canary("swing", "1.2.0", by="Ann")
        again.promote("swing", "1.2.0", by="Ann")
    assert trial_refs(registry) == {}


def test_trials_begun_at_once_end_in_one(registry):
    """Several processes that put versions on trial at the same moment leave one canary, and every commit."""
    before = int(git(registry, "rev-list", "--count", "production"))
    found: list[Version] = []

    def work(version: str) -> None:
        with Registry.open(registry.path) as own:
            found.extend(own.canary("swing", version, by="Ann") for _ in range(3))

    threads = [threading.Thread(target=work, args=(version,)) for version in ("1.1.0", "1.2.0")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(trial_refs(registry)) == len(registry.canaries()) == 1
    told = [entry for entry in registry.history("swing") if entry.status is Status.CANARY]
    assert len(told) == int(git(registry, "rev-list", "--count", "production")) - before
    assert registry.check() == []


def test_what_others_try_is_seen_at_once(registry):
    """A trial that another process begins or ends is found by the next read."""
    assert registry.canaries() == []
    with Registry.open(registry.path) as other:
        canary = other.canary("swing", "1.1.0", by="Ann")
        assert registry.on_trial("swing") == canary
        other.promote("swing", "1.1.0", by="Ann")
        assert registry.on_trial("swing") is None
