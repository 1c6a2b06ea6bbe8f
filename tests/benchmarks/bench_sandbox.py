"""The cost of a call: the WebAssembly engine bare and through our child, and containers, ours and without us.

`OUT=figures.json` writes the figures to a file. Times are medians in milliseconds of one run, where nothing else is
said. Without a Docker engine that part is left out, with the reason.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import eryx
import platformdirs

from sandbox import Call, Limits, Sandbox, SandboxUnavailable
from sandbox.backends import docker, wasm
from sandbox.snapshot import ensure_snapshot

SOURCE = "def add(a: int, b: int) -> int:\n    return a + b\n"
TESTS = {
    "function.py": SOURCE,
    "test_function.py": "from function import add\n"
    + "".join(f"def test_{n}():\n    assert add({n}, 1) == {n + 1}\n" for n in range(8)),
}
ADD = Call(source=SOURCE, function="add", arguments={"a": 1, "b": 2})
LOOP = Call(source="def f():\n    while True: pass\n", function="f")
SCRIPT = SOURCE + "print(add(1, 2))\n"
ROUNDS, TEST_ROUNDS, BURST, BURSTS, RUNS, SUSTAINED = 200, 20, 8, 5, 20, 30
WORKERS = (1, 2, 4, 8)
PERSISTENT = "kowal-bench"

Figures = dict[str, dict[str, float]]


def engine(folder: Path) -> eryx.SandboxFactory:
    """The bare engine with the same snapshot, in this process."""
    return eryx.SandboxFactory.load(folder / "snapshot.bin", site_packages=folder / "site-packages")


def bare_call(factory: eryx.SandboxFactory) -> None:
    """What the engine alone needs for a fresh sandbox, the same code, and its result."""
    limits = eryx.ResourceLimits(execution_timeout_ms=10_000, max_memory_bytes=256 << 20)
    result = factory.create_sandbox(resource_limits=limits).execute(SOURCE + "result = add(1, 2)").result
    check(result == 3)


def our_call(box: Sandbox) -> None:
    """The same through a back end, with JSON both ways."""
    check(box.call(ADD).value == 3)


def our_tests(box: Sandbox) -> None:
    """Eight passing tests under real pytest."""
    check(len(box.run_tests(TESTS).outcomes) == 8)


def command(*words: str) -> None:
    """A command of the `docker` client that adds the two numbers."""
    done = subprocess.run(["docker", *words, "python3", "-I", "-c", SCRIPT], capture_output=True, text=True, check=True)
    check(done.stdout.strip() == "3")


def check(holds: bool) -> None:
    """A figure of something that did not work is worth nothing."""
    if not holds:
        sys.exit("the measured call gave a wrong answer")


def milliseconds(action: Callable[[], None]) -> float:
    """How long one action took."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def median(times: list[float]) -> dict[str, float]:
    """The figure of several times."""
    return {"median_ms": statistics.median(times), "n": len(times)}


def sustained(box: Sandbox) -> dict[str, float]:
    """The mean of many calls in a row, once none waits any more: a median would show the few that found one waiting."""
    for _ in range(BURST):
        our_call(box)
    whole = milliseconds(lambda: [our_call(box) for _ in range(SUSTAINED)] and None)
    return {"mean_ms": whole / SUSTAINED, "n": SUSTAINED}


def calls_a_second(box: Sandbox, workers: int, count: int) -> float:
    """How many calls a second come back where so many are made at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda _: our_call(box), range(count)))
    return count / (time.perf_counter() - started)


def measure_wasm(cache: Path, figures: Figures) -> None:
    """The embedded back end against the bare engine."""
    factory = engine(ensure_snapshot(cache, say))
    box = wasm.BACKEND.open({"cache": str(cache)}, say)
    times: dict[str, list[float]] = {"wasm, bare engine": [], "wasm, call": [], "wasm, eight tests": []}
    for _ in range(5):
        bare_call(factory)
        our_call(box)
        our_tests(box)
    for turn in range(ROUNDS):
        times["wasm, bare engine"].append(milliseconds(lambda: bare_call(factory)))
        times["wasm, call"].append(milliseconds(lambda: our_call(box)))
        if turn < TEST_ROUNDS:
            times["wasm, eight tests"].append(milliseconds(lambda: our_tests(box)))
    figures |= {name: median(all_) for name, all_ in times.items()}
    for workers in WORKERS:
        figures[f"wasm, {workers} at once"] = {"calls_a_second": calls_a_second(box, workers, ROUNDS)}
    box.close()


@contextmanager
def opened(**section: Any) -> Iterator[Sandbox]:
    """The Docker back end with these settings, its containers started."""
    box = docker.BACKEND.open(section, say)
    our_call(box)
    settle(section.get("waiting", 4))
    yield box
    box.close()


def settle(waiting: int) -> None:
    """Wait until so many containers have surely been started in the background."""
    time.sleep(1 + 0.4 * waiting)


def measure_docker(figures: Figures) -> None:
    """Our containers: a burst that the waiting ones serve, one call after another for long, one version's own."""
    with opened(waiting=BURST) as box:
        image = box.environment()["image"]
        burst = []
        for _ in range(BURSTS):
            settle(BURST)
            burst += [milliseconds(lambda: our_call(box)) for _ in range(BURST)]
        figures["docker, burst within the pool"] = median(burst)
        figures["docker, sustained"] = sustained(box)
        settle(BURST)
        figures["docker, eight tests"] = median([milliseconds(lambda: our_tests(box)) for _ in range(BURST)])
        for workers in WORKERS:
            figures[f"docker, {workers} at once"] = {"calls_a_second": calls_a_second(box, workers, SUSTAINED)}
        measure_time_outs(box, figures)
    with opened(calls_per_container="version") as box:
        figures["docker, one version's container"] = median(
            [milliseconds(lambda: our_call(box)) for _ in range(ROUNDS)]
        )
        for workers in WORKERS:
            rate = calls_a_second(box, workers, SUSTAINED)
            figures[f"docker, one version, {workers} at once"] = {"calls_a_second": rate}
    measure_without_us(image, figures)


def measure_time_outs(box: Sandbox, figures: Figures) -> None:
    """From the limit until the container is gone and the caller has the answer."""
    limit = Limits(wall_clock_s=0.5)
    late = []
    for _ in range(BURST):
        settle(2)
        late.append(milliseconds(lambda: check(not box.call(LOOP, limit).ok)) - 500)
    figures["docker, from limit to gone"] = median(late)


def measure_without_us(image: str, figures: Figures) -> None:
    """The same code by `docker run --rm`, and by `docker exec` in a container that stays."""
    confined = ("--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    times = [milliseconds(lambda: command("run", "--rm", *confined, "--entrypoint", "", image)) for _ in range(RUNS)]
    figures["docker run --rm"] = median(times)
    staying = ("run", "--rm", "-d", "--name", PERSISTENT, *confined, "--entrypoint", "sleep", image, "600")
    subprocess.run(["docker", *staying], capture_output=True, check=True)
    try:
        times = [milliseconds(lambda: command("exec", PERSISTENT)) for _ in range(RUNS)]
    finally:
        subprocess.run(["docker", "kill", PERSISTENT], capture_output=True, check=False)
    figures["docker exec"] = median(times)


def cost(figure: dict[str, float]) -> float:
    """The milliseconds of one call."""
    return figure["mean_ms"] if "mean_ms" in figure else figure["median_ms"]


def say(line: str) -> None:
    """Progress, beside the figures."""
    sys.stderr.write(f"{line}\n")


def report(figures: Figures) -> None:
    """Print the figures, and write them to `OUT` where that is set."""
    for name, figure in figures.items():
        if "n" in figure:
            kind = "mean" if "mean_ms" in figure else "median"
            sys.stdout.write(f"{name:34} {figure[f'{kind}_ms']:8.2f} ms  ({kind} of {figure['n']})\n")
        else:
            sys.stdout.write(f"{name:34} {figure['calls_a_second']:8.1f} calls a second\n")
    ratios = {"wasm, call / bare engine": ("wasm, call", "wasm, bare engine")}
    for ours in ("docker, burst within the pool", "docker, sustained", "docker, one version's container", "wasm, call"):
        ratios |= {f"docker {other} / {ours}": (f"docker {other}", ours) for other in ("run --rm", "exec")}
    known = {
        name: cost(figures[over]) / cost(figures[under])
        for name, (over, under) in ratios.items()
        if over in figures and under in figures
    }
    for name, ratio in known.items():
        sys.stdout.write(f"{name:52} {ratio:8.2f}\n")
    if out := os.environ.get("OUT"):
        Path(out).write_text(json.dumps({"figures": figures, "ratios": known}, indent=1))


def main() -> None:
    """Measure and print."""
    figures: Figures = {}
    measure_wasm(Path(os.environ.get("KOWAL_CACHE") or platformdirs.user_cache_dir("kowal")), figures)
    try:
        measure_docker(figures)
    except SandboxUnavailable as error:
        say(f"Docker is left out: {error}. {error.advice}")
    report(figures)


if __name__ == "__main__":
    main()
