"""The cost of a fresh call: the bare engine, our call through a child process, and a run of eight tests.

`OUT=figures.json` writes the figures to a file. All are medians in milliseconds, measured in turn in one run.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import eryx
import platformdirs

from sandbox import Call, Sandbox
from sandbox.backends.wasm import BACKEND
from sandbox.snapshot import ensure_snapshot

SOURCE = "def add(a: int, b: int) -> int:\n    return a + b\n"
TESTS = {
    "function.py": SOURCE,
    "test_function.py": "from function import add\n"
    + "".join(f"def test_{n}():\n    assert add({n}, 1) == {n + 1}\n" for n in range(8)),
}
ROUNDS, TEST_ROUNDS = 200, 20


def engine(folder: Path) -> eryx.SandboxFactory:
    """The bare engine with the same snapshot, in this process."""
    return eryx.SandboxFactory.load(folder / "snapshot.bin", site_packages=folder / "site-packages")


def bare_call(factory: eryx.SandboxFactory) -> None:
    """What the engine alone needs for a fresh sandbox, the same code, and its result."""
    limits = eryx.ResourceLimits(execution_timeout_ms=10_000, max_memory_bytes=256 << 20)
    result = factory.create_sandbox(resource_limits=limits).execute(SOURCE + "result = add(1, 2)").result
    check(result == 3)


def our_call(box: Sandbox) -> None:
    """The same through the child process, with JSON both ways."""
    check(box.call(Call(source=SOURCE, function="add", arguments={"a": 1, "b": 2})).value == 3)


def our_tests(box: Sandbox) -> None:
    """Eight passing tests under real pytest."""
    check(len(box.run_tests(TESTS).outcomes) == 8)


def check(holds: bool) -> None:
    """A figure of something that did not work is worth nothing."""
    if not holds:
        sys.exit("the measured call gave a wrong answer")


def milliseconds(action: Callable[[], None]) -> float:
    """How long one action took."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Measure in turn, so that a busy machine slows all alike, and print medians."""
    cache = Path(os.environ.get("KOWAL_CACHE") or platformdirs.user_cache_dir("kowal"))
    factory = engine(ensure_snapshot(cache, lambda line: sys.stderr.write(line + "\n") and None))
    box = BACKEND.open({"cache": str(cache)}, lambda _: None)
    times: dict[str, list[float]] = {"bare engine": [], "call": [], "eight tests": []}
    for _ in range(5):
        bare_call(factory)
        our_call(box)
        our_tests(box)
    for turn in range(ROUNDS):
        times["bare engine"].append(milliseconds(lambda: bare_call(factory)))
        times["call"].append(milliseconds(lambda: our_call(box)))
        if turn < TEST_ROUNDS:
            times["eight tests"].append(milliseconds(lambda: our_tests(box)))
    box.close()
    report(times)


def report(times: dict[str, list[float]]) -> None:
    """Print the figures, and write them to `OUT` where that is set."""
    figures = {name: {"median_ms": statistics.median(all_), "n": len(all_)} for name, all_ in times.items()}
    ratio = figures["call"]["median_ms"] / figures["bare engine"]["median_ms"]
    for name, figure in figures.items():
        sys.stdout.write(f"{name:12} {figure['median_ms']:8.2f} ms  (median of {figure['n']})\n")
    sys.stdout.write(f"call / bare  {ratio:8.2f}\n")
    if out := os.environ.get("OUT"):
        Path(out).write_text(json.dumps({"figures": figures, "call_over_bare": ratio}, indent=1))


if __name__ == "__main__":
    main()
