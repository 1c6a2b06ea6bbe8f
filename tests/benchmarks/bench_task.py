"""What a task costs: a matched one beside a bare sandbox call, the command as a process, the gate for a candidate."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agent import Agent, Task, build_agent, load_settings
from agent.checks.trial import Trial
from agent.library import prepare_registry
from agent.validator import validate
from sandbox import Call

RUNS = 200
PROCESSES = 11
CANDIDATES = 11
TEXT = "the quick brown fox " * 50
TASK = "count words in a text"


def main() -> None:
    """Measure in a registry of its own, print the figures, write them to `OUT` where that is set."""
    with tempfile.TemporaryDirectory() as folder:
        registry, database = Path(folder) / "registry.git", str(Path(folder) / "operations.sqlite")
        settings = load_settings(registry=registry, database=database, registry_remote="")
        prepare_registry(settings)
        agent = build_agent(settings)
        try:
            figures = {**matched(agent), **process(registry, database), **gate(agent)}
        finally:
            agent.close()
    for name, value in figures.items():
        sys.stdout.write(f"{name:28} {value:10.2f}\n")
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(json.dumps(figures, indent=2))


def matched(agent: Agent) -> dict[str, float]:
    """`execute` on a production function beside a bare sandbox call of the same code, in turns."""
    task = Task(text=TASK, arguments={"text": TEXT})
    version = agent.registry.get("count_words")
    function, sandbox = version.function, agent.runner.sandboxes.for_run(version)
    call = Call(source=function.source, function="count_words", arguments={"text": TEXT})
    agent.execute(task)
    pairs = [(timed(lambda: agent.execute(task)), timed(lambda: sandbox.call(call))) for _ in range(RUNS)]
    return {
        "execute_ms": statistics.median(executed for executed, _ in pairs),
        "bare_call_ms": statistics.median(bare for _, bare in pairs),
        "execute_ratio": statistics.median(executed / bare for executed, bare in pairs),
        "match_ms": statistics.median(timed(lambda: agent.preview(task)) for _ in range(RUNS)),
    }


def process(registry: Path, database: str) -> dict[str, float]:
    """`kowal run` and `kowal --version` as whole processes."""
    environment = os.environ | {"KOWAL_REGISTRY": str(registry), "KOWAL_DATABASE": database}
    kowal = str(Path(sys.executable).with_name("kowal"))
    commands = {"kowal_run_ms": [kowal, "run", TASK, "-a", "text=a b c"], "kowal_version_ms": [kowal, "--version"]}
    return {
        name: statistics.median(
            timed(lambda command=command: subprocess.run(command, env=environment, check=True, capture_output=True))
            for _ in range(PROCESSES)
        )
        for name, command in commands.items()
    }


def gate(agent: Agent) -> dict[str, float]:
    """The whole gate for one candidate, a built-in function with its suite; and with the second sandbox, if any."""
    function, sandboxes = agent.registry.get("csv_group_sum").function, agent.runner.sandboxes
    alone = Trial(function=function, sandbox=sandboxes.for_proof(function), task=Task(text="bench"))
    both = replace(alone, second=sandboxes.second(function))
    trials = {"gate_ms": alone} | ({"gate_two_sandboxes_ms": both} if both.second else {})
    return {
        name: statistics.median(timed(lambda trial=trial: validate(trial)) for _ in range(CANDIDATES))
        for name, trial in trials.items()
    }


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.stdout.write(f"medians of {RUNS} calls, {PROCESSES} processes, {CANDIDATES} candidates\n")
    main()
