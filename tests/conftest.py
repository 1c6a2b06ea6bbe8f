"""What all tests share: the snapshot's folder, what is made once for all processes of a run, and its last lines."""

import fcntl
import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import platformdirs
import pytest

hypothesis.settings.register_profile("patient", deadline=None)  # a busy machine is slow, and that is no fault
hypothesis.settings.load_profile("patient")

DOCKER = os.environ.get("KOWAL_TEST_DOCKER", "")
"""`required` where an engine is known to be there: then a Docker test that was skipped makes the run a failure."""
Once = Callable[[str, Callable[[Path], None]], Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tests that talk to a real model run only when they are asked for."""
    parser.addoption("--real-model", action="store_true", help="also run tests that ask a real model server")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run what runs alone at the end, when little waits for it. Skip tests with a real model without `--real-model`."""
    items.sort(key=lambda item: item.get_closest_marker("alone") is not None)
    if config.getoption("--real-model"):
        return
    for item in items:
        if item.get_closest_marker("real_model"):
            item.add_marker(pytest.mark.skip(reason="asks a real model; give --real-model to run it"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Where tests run side by side, let nothing run beside one that is marked `alone`.

    Whoever comes first waits at the door until the tests that run have ended, and the others wait behind.
    """
    if not hasattr(item.config, "workerinput"):
        return (yield)
    alone = item.get_closest_marker("alone") is not None
    with Path(__file__).open("rb") as room, Path(__file__).with_name("README.md").open("rb") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(door, fcntl.LOCK_UN)
        return (yield)


@pytest.fixture(scope="session")
def cache() -> Path:
    """The folder of the sandbox's snapshot: it takes 15 s to build, so all runs share one."""
    return Path(os.environ.get("KOWAL_CACHE") or platformdirs.user_cache_dir("kowal"))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Has a folder of that name filled once in the whole run, by whichever of its processes is first; gives it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, fill: Callable[[Path], None]) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                draft = Path(tempfile.mkdtemp(dir=shared))
                fill(draft)
                draft.rename(folder)
        return folder

    return made


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Callable[[str, int, int], None]:
    """Counts what was tried and what was contained, for the line at the end of the run."""
    return lambda group, tried, contained: record_property("tally", [group, tried, contained])


@pytest.fixture
def late(record_property: Callable[[str, object], None]) -> Callable[[float], None]:
    """Notes the seconds from a limit to the answer, for the line at the end of the run."""
    return lambda seconds: record_property("late", seconds)


def reports(config: pytest.Config) -> Iterator[pytest.TestReport]:
    """What was reported of each test, by whichever process ran it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    for group in reporter.stats.values() if reporter else ():
        yield from (report for report in group if isinstance(report, pytest.TestReport))


def noted(config: pytest.Config, name: str) -> Iterator[Any]:
    """What the tests recorded under a name."""
    for report in reports(config):
        if report.when == "call":
            yield from (value for key, value in report.user_properties if key == name)


def without_docker(config: pytest.Config) -> Counter[str]:
    """The reasons for which Docker tests were skipped, with how many."""
    reasons = (str(report.longrepr[2]) for report in reports(config)
               if report.skipped and isinstance(report.longrepr, tuple))  # fmt: skip
    plain = (reason.removeprefix("Skipped: ") for reason in reasons)
    return Counter(reason for reason in plain if "docker" in reason.lower())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where the engine must be there, a Docker test that was skipped is a failure of the run."""
    if DOCKER == "required" and without_docker(session.config) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how much hostile code was contained, how late the time limits came, and what was not tested."""
    counts: dict[str, list[int]] = {}
    for group, tried, contained in noted(config, "tally"):
        entry = counts.setdefault(group, [0, 0])
        entry[:] = entry[0] + tried, entry[1] + contained
    for group, (tried, contained) in sorted(counts.items()):
        terminalreporter.write_line(f"{group}: {tried} tried, {contained} contained")
    if times := list(noted(config, "late")):
        median, worst = statistics.median(times) * 1000, max(times) * 1000
        terminalreporter.write_line(
            f"time-outs: answered {median:.0f} ms after the limit (median of {len(times)}), at worst {worst:.0f} ms"
        )
    for reason, count in without_docker(config).items():
        verdict = "which makes this run a failure" if DOCKER == "required" else "this run says nothing of Docker"
        terminalreporter.write_line(f"{count} DOCKER TESTS WERE NOT RUN, {verdict}: {reason}", red=True, bold=True)
