"""What the registry costs: registering the 100th and the 10,000th function, opening, finding, searching."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from registry import Function, Manifest, Operations, Registry, Run
from registry.terms import terms

SIZES = (100, 10_000)
AROUND = 25
"""So many registrations on either side of a size make its median."""

OPEN_AND_FIND = """
import sys, time
from pathlib import Path
start = time.process_time()
from registry import Registry
imported = time.process_time()
registry = Registry.open(Path(sys.argv[1]))
assert registry.find(sys.argv[2]) is not None
print(imported - start, time.process_time() - imported)
"""


def function(number: int) -> Function:
    """A function of an ordinary size, different for each number."""
    name = f"function_{number}"
    body = "\n".join(f"    total += {number} * {line}" for line in range(40))
    schema = {"type": "object", "properties": {"text": {"type": "string"}, f"option_{number % 50}": {}}}
    manifest = Manifest(
        name=name, description=f"Adds the numbers of kind {number % 97} in group {number % 13}.", input_schema=schema
    )
    source = f"def {name}(text):\n    total = 0\n{body}\n    return total\n"
    return Function(manifest=manifest, source=source, tests=f"def test_it():\n    assert {number} == {number}\n")


def timed(work: Callable[[], Any], repeat: int = 1) -> float:
    """Milliseconds that one call takes, the mean of `repeat`."""
    start = time.perf_counter()
    for _ in range(repeat):
        work()
    return (time.perf_counter() - start) * 1e3 / repeat


def register(registry: Registry, number: int) -> None:
    """All three steps, from the files to production."""
    new = function(number)
    registry.add_candidate(new, {"verdict": {"summary": "passed"}})
    registry.approve(new.name, new.digest, by="bench")
    registry.promote(new.name, by="bench")


def registration(registry: Registry) -> dict[str, float]:
    """Medians in milliseconds around each size, and their ratio."""
    times = [timed(lambda number=number: register(registry, number)) for number in range(max(SIZES) + AROUND)]
    medians = {f"register_at_{size}_ms": statistics.median(times[size - AROUND : size + AROUND]) for size in SIZES}
    first, last = medians.values()
    return {**medians, "register_ratio": last / first}


def reading(registry: Registry) -> dict[str, float]:
    """Milliseconds for the reads that a task waits for, in a registry of the largest size."""
    name = function(500).name
    opened = [
        subprocess.run(
            [sys.executable, "-c", OPEN_AND_FIND, registry.path, name], stdout=subprocess.PIPE, check=True
        ).stdout.split()
        for _ in range(7)
    ]
    words = terms("numbers of kind 41 in a text")
    registry.find(name)
    return {
        "import_process_ms": statistics.median(float(imported) for imported, _ in opened) * 1e3,
        "open_and_find_process_ms": statistics.median(float(spent) for _, spent in opened) * 1e3,
        "fingerprint_ms": statistics.median(timed(registry.fingerprint, 100) for _ in range(9)),
        "find_warm_ms": statistics.median(timed(lambda: registry.find(name), 100) for _ in range(9)),
        "search_ms": statistics.median(timed(lambda: registry.search(words, 10)) for _ in range(51)),
        "alike_ms": statistics.median(timed(lambda: registry.alike(function(500).manifest, 5)) for _ in range(51)),
        "list_ms": statistics.median(timed(registry.list) for _ in range(3)),
        "check_ms": timed(registry.check),
        "reindex_ms": timed(registry.reindex),
    }


def recording(path: Path) -> dict[str, float]:
    """Milliseconds for one insert into the operational database."""
    run = Run(
        task="add the numbers",
        function="function_1",
        version="1.0.0",
        digest="d" * 64,
        commit="c" * 40,
        started_at=datetime.now(UTC),
        seconds=0.01,
        outcome="ok",
    )
    operations = Operations.open(path)
    times = [timed(lambda: operations.record_run(run)) for _ in range(300)]
    operations.close()
    return {"record_run_ms": statistics.median(times)}


def main() -> None:
    """Print the figures; write them to OUT as JSON where that is set."""
    with tempfile.TemporaryDirectory() as folder, Registry.create(Path(folder) / "registry") as registry:
        figures = {**registration(registry), **reading(registry), **recording(Path(folder) / "kowal.sqlite")}
        size = sum(path.stat().st_blocks * 512 for path in registry.path.rglob("*"))
        figures |= {"functions": max(SIZES) + AROUND, "disk_mb": size / 1e6, "around": 2 * AROUND}
    for name, value in figures.items():
        sys.stdout.write(f"{name:28} {value:10.3f}\n")
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
