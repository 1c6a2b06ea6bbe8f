"""How often the gate errs: real model replies to public problems, replayed as if a model had just answered.

`DATA` names a folder with `problems.jsonl`, `samples.jsonl` and `tests.jsonl`; `OUT` a JSON file for the figures. The
gate sees a problem's text, five replies of different models and one suite; the hidden check scores afterwards.
"""

import json
import math
import os
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

from agent.behaviour import keeps, observe
from agent.jury import LIMITS, Candidate, Decision, Question, Ruling, Scale, deliberate
from agent.mutants import mutants_of
from agent.replies import extract_code
from agent.statements import Promise, examples_in, statements_of
from sandbox import Call, Limits, Sandbox
from sandbox.backends.wasm import BACKEND

DRAWS = int(os.environ.get("DRAWS", "20"))
CANDIDATES = 5
BOOTSTRAPS = 2000
FAULTS_A_TASK = 2
"""Draws of a task into which each kind of fault is seeded."""
FLOORS = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0)
REFERENCE_LIMITS = Limits(wall_clock_s=5.0)
Row = dict[str, Any]

CHECK = """
def outcome(source, test, name):
    module = {"__name__": "function"}
    try:
        exec(source, module)
        exec(test, module)
        module["check"](module[name])
    except BaseException as error:
        return type(error).__name__
    return "right"
"""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem with what belongs to it."""

    row: Row
    samples: Sequence[Row]
    suites: Sequence[str]

    @property
    def name(self) -> str:
        """The function that is asked for."""
        return str(self.row["entry_point"])

    @property
    def reference(self) -> str:
        """The right solution, which the gate never sees."""
        return f"{self.row['prompt']}{self.row['canonical_solution']}"


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Five candidates and a suite."""

    problem: Problem
    candidates: tuple[Candidate, ...]
    suite: str
    right: tuple[bool, ...]


@dataclass(kw_only=True)
class Tally:
    """What one rule did over the draws, by task."""

    promoted: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    """For each promotion whether it was right."""
    offered: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Draws in which a right candidate was offered."""

    def note(self, draw: Draw, chosen: int | None, *, right: bool | None = None) -> None:
        """Count one draw."""
        task = draw.problem.row["task_id"]
        self.offered[task] += any(draw.right)
        if chosen is not None:
            self.promoted[task].append(draw.right[chosen] if right is None else right)

    def figures(self, tasks: Sequence[str] | None = None) -> Row:
        """The counts and rates, over the tasks given (repeated ones count again)."""
        chosen = list(self.offered) if tasks is None else tasks
        promoted = sum(len(self.promoted[task]) for task in chosen)
        good = sum(sum(self.promoted[task]) for task in chosen)
        offered = sum(self.offered[task] for task in chosen)
        return {
            "promoted": promoted,
            "wrong": promoted - good,
            "wrong_rate": (promoted - good) / promoted if promoted else 0.0,
            "yield": good / offered if offered else 0.0,
        }

    def interval(self, key: str) -> tuple[float, float]:
        """The middle 95 % of the figure over tasks drawn again and again."""
        chance, tasks = random.Random(0), list(self.offered)
        values = sorted(self.figures(chance.choices(tasks, k=len(tasks)))[key] for _ in range(BOOTSTRAPS))
        return values[int(0.025 * BOOTSTRAPS)], values[int(0.975 * BOOTSTRAPS)]


def main() -> None:
    """Replay all draws, print the table, write the figures to `OUT` where that is set."""
    data = os.environ.get("DATA") or sys.exit("DATA= names the folder with problems.jsonl, samples.jsonl, tests.jsonl")
    folder = Path(os.environ.get("KOWAL_CACHE") or platformdirs.user_cache_dir("kowal"))
    sandbox = BACKEND.open({"cache": folder, "spares": 1}, told)
    try:
        figures = measured(load(Path(data)), sandbox)
    finally:
        sandbox.close()
    if os.environ.get("OUT"):
        Path(os.environ["OUT"]).write_text(json.dumps(figures, indent=2))


def told(line: str) -> None:
    """Say how far it has come."""
    sys.stderr.write(f"{line}\n")


def load(folder: Path) -> list[Problem]:
    """The problems that have samples and suites written from the prompt alone."""
    rows = {name: read(folder / f"{name}.jsonl") for name in ("problems", "samples", "tests")}
    samples, suites = defaultdict(list), defaultdict(list)
    for sample in rows["samples"]:
        samples[sample["task_id"]].append({key: sample[key] for key in ("model", "kind", "raw", "task_id")})
    for test in rows["tests"]:
        if test["author_saw"] == "prompt only":
            suites[test["task_id"]].append(test["code"])
    known = [row for row in rows["problems"] if samples[row["task_id"]] and suites[row["task_id"]]]
    return [Problem(row=row, samples=samples[row["task_id"]], suites=suites[row["task_id"]]) for row in known]


def read(path: Path) -> list[Row]:
    """The rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def source_of(problem: Problem, sample: Row) -> str:
    """The module in a reply: with the imports and helpers that the prompt brings, or continuing the prompt."""
    prompt, name, raw = str(problem.row["prompt"]), problem.name, str(sample["raw"])
    code = extract_code(raw)
    if f"def {name}(" in raw:
        return f"{prompt[: prompt.index(f'def {name}(')]}\n{code or raw}"
    lines: list[str] = []
    for line in raw.split("\n"):
        if line and not line[0].isspace():
            break
        lines.append(line)
    return prompt + "\n".join(lines) + "\n"


def draws(problem: Problem, is_right: Callable[[Problem, str], bool]) -> Iterator[Draw]:
    """The seeded draws of a problem."""
    by_model = defaultdict(list)
    for sample in problem.samples:
        by_model[sample["model"]].append(sample)
    for number in range(DRAWS):
        chance = random.Random(f"{problem.row['task_id']} {number}")
        models = chance.sample(sorted(by_model), min(CANDIDATES, len(by_model)))
        picked = [chance.choice(by_model[model]) for model in models]
        candidates = tuple(Candidate(source=source_of(problem, row), model=row["model"]) for row in picked)
        right = tuple(is_right(problem, candidate.source) for candidate in candidates)
        yield Draw(problem=problem, candidates=candidates, suite=chance.choice(problem.suites), right=right)


# --- the measurement


def measured(problems: Sequence[Problem], sandbox: Sandbox) -> Row:
    """All figures, printed on the way."""
    checked: dict[tuple[str, str], bool] = {}

    def is_right(problem: Problem, source: str) -> bool:
        key = (problem.row["task_id"], source)
        if key not in checked:
            arguments = {"source": source, "test": problem.row["test"], "name": problem.name}
            call = Call(source=CHECK, function="outcome", arguments=arguments)
            checked[key] = sandbox.call(call, REFERENCE_LIMITS).value == "right"
        return checked[key]

    gate, asked_gate = Tally(), Tally()
    rules = {"first sample kept": Tally(), "first that passes its tests": Tally(), "best passing 90 %": Tally()}
    seconds, asked, counts = list[float](), 0, {"right": 0, "refused": 0, "seeded": 0, "let in": 0}
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    leaders: list[tuple[str, float, bool]] = []
    for problem in problems:
        for number, draw in enumerate(draws(problem, is_right)):
            started = time.perf_counter()
            decision = judge(draw, sandbox)
            seconds.append(time.perf_counter() - started)
            chosen = decision.chosen if decision.ruling is Ruling.PROMOTE else None
            gate.note(draw, chosen)
            if decision.chosen is not None:
                points = decision.evidence["candidates"][decision.chosen]["points"]
                leaders.append((problem.row["task_id"], points, draw.right[decision.chosen]))
            if decision.question is not None:
                asked += 1
                second = judge(draw, sandbox, answers=(answer_of(problem, decision.question, sandbox),))
                chosen = second.chosen if second.ruling is Ruling.PROMOTE else None
            asked_gate.note(draw, chosen)
            refused = refused_right(draw, decision)
            counts["right"] += sum(draw.right)
            counts["refused"] += refused
            baselines(draw, rules, sandbox)
            if number < FAULTS_A_TASK:
                for kind, seeded, place in faults(draw, number, is_right):
                    let_in = judge(seeded, sandbox)
                    kinds[kind][0] += 1
                    kinds[kind][1] += let_in.ruling is Ruling.PROMOTE and let_in.chosen == place
        told(f"{problem.row['task_id']}: {gate.figures([problem.row['task_id']])}")
    offered = sum(gate.offered.values())
    figures = {
        "tasks": len(problems),
        **named(gate),
        "yield_one_question": asked_gate.figures()["yield"],
        "wrong_one_question": asked_gate.figures()["wrong_rate"],
        "asked": asked / (len(problems) * DRAWS),
        "refused_right": counts["refused"] / max(1, counts["right"]),
        "seeded_in": sum(entry[1] for entry in kinds.values()) / max(1, sum(entry[0] for entry in kinds.values())),
        "seeded": {kind: {"offered": entry[0], "let_in": entry[1]} for kind, entry in kinds.items()},
        "median_s": statistics.median(seconds),
        "slowest_s": max(seconds),
        "baselines": {name: named(tally) for name, tally in rules.items()},
        "curve": curve(leaders, offered),
    }
    show(figures, gate, asked_gate, rules)
    return figures


def judge(draw: Draw, sandbox: Sandbox, answers: Sequence[Promise] = ()) -> Decision:
    """What the gate decides: it sees the prompt, the replies and the suite, nothing else."""
    prompt = str(draw.problem.row["prompt"])
    return deliberate(draw.problem.name, prompt, draw.candidates, [draw.suite], sandbox=sandbox, answers=answers)


def answer_of(problem: Problem, question: Question, sandbox: Sandbox) -> Promise:
    """What the reference solution says to a question."""
    answer = observe(sandbox, [problem.reference], problem.name, [question.arguments], (), LIMITS)[0].answers[0]
    if answer is None or answer.failure is not None:
        return Promise(arguments=question.arguments, raises=True)
    return Promise(arguments=question.arguments, value=restored(answer.value, answer.shape))


def restored(value: Any, shape: str) -> Any:
    """The JSON value with its outer containers as they were."""
    kind, _, inner = shape.partition("[")
    if isinstance(value, list):
        items = [restored(item, inner.removesuffix("]")) for item in value]
        return {"tuple": tuple, "set": set}.get(kind, list)(items)
    return value


def refused_right(draw: Draw, decision: Decision) -> int:
    """How many right functions were turned away for good: they fell out, or everything was refused."""
    standings = decision.evidence["candidates"]
    all_refused = decision.ruling is Ruling.REFUSE
    return sum(right and (all_refused or bool(standing["fallen"]))
               for right, standing in zip(draw.right, standings, strict=True))  # fmt: skip


def baselines(draw: Draw, rules: Mapping[str, Tally], sandbox: Sandbox) -> None:
    """What three simple rules do with the same draw."""
    statements = statements_of(draw.suite, draw.problem.name)
    promises = [statement.promise for statement in statements if statement.promise is not None]
    inputs = [promise.arguments for promise in promises]
    sources = [candidate.source for candidate in draw.candidates]
    rates = []
    for behaviour in observe(sandbox, sources, draw.problem.name, inputs, (), LIMITS):
        held = [keeps(answer, promise) for answer, promise in zip(behaviour.answers, promises, strict=True)]
        rates.append(sum(held) / len(held) if held else 0.0)
    first, passing, best = rules.values()
    first.note(draw, 0)
    passing.note(draw, next((place for place, rate in enumerate(rates) if rate == 1.0), None))
    top = max(range(len(rates)), key=rates.__getitem__)
    best.note(draw, top if rates[top] >= 0.9 else None)


def faults(draw: Draw, number: int, is_right: Callable[[Problem, str], bool]) -> Iterator[tuple[str, Draw, int]]:
    """The draw with a fault in place of a right function, each kind once; only what the hidden check fails counts."""
    place = next((place for place, right in enumerate(draw.right) if right), None)
    if place is None:
        return
    problem, honest = draw.problem, draw.candidates[place]
    chance = random.Random(f"{problem.row['task_id']} {number} faults")
    for kind, sources, suite in seeds(problem, honest.source, draw.suite, chance):
        faulty = next((source for source in sources if not is_right(problem, source)), None)
        if faulty is None:
            continue
        candidate = Candidate(source=faulty, model=honest.model)
        candidates = (*draw.candidates[:place], candidate, *draw.candidates[place + 1 :])
        right = (*draw.right[:place], False, *draw.right[place + 1 :])
        yield kind, Draw(problem=problem, candidates=candidates, suite=suite, right=right), place


def seeds(problem: Problem, source: str, suite: str, chance: random.Random) -> Iterator[tuple[str, list[str], str]]:
    """Kinds of faults, each with sources that may have it, and the suite that goes with it."""
    mutants = list(mutants_of(source))
    chance.shuffle(mutants)
    changed = [mutant.source for mutant in mutants]
    off_by_one = [mutant.source for mutant in mutants if mutant.kind in ("constant", "border")]
    name, examples = problem.name, examples_in(str(problem.row["prompt"]), problem.name)
    table = [(list(promise.arguments.positional), promise.value) for promise in examples]
    known = f"def {name}(*given):\n    for arguments, value in {table!r}:\n        if list(given) == arguments:\n"
    swallowed = f"{source}\n\n_inner = {name}\n\n\ndef {name}(*given):\n    try:\n        return _inner(*given)\n"
    yield "mutant", changed, suite
    yield "off by one", off_by_one, suite
    yield "hard-coded answers", [f"{known}            return value\n    return {value!r}\n"
                                 for value in {repr(value): value for _, value in table}.values()], suite  # fmt: skip
    yield "swallowed errors", [f"{swallowed}    except Exception:\n        return None\n",
                               *(f"{mutant}\n\n_inner = {name}\n\n\ndef {name}(*given):\n    try:\n"
                                 f"        return _inner(*given)\n    except Exception:\n        return None\n"
                                 for mutant in changed)], suite  # fmt: skip
    yield "suite with its own copy", changed[::-1], f"{source}\n\n\n{suite}"


# --- figures


def named(tally: Tally) -> Row:
    """The figures of one rule, with their bounds."""
    figures = tally.figures()
    return {
        "promoted": figures["promoted"],
        "wrong": figures["wrong"],
        "wrong_rate": figures["wrong_rate"],
        "wrong_interval": tally.interval("wrong_rate"),
        "wrong_upper95": upper_bound(figures["wrong"], figures["promoted"]),
        "yield": figures["yield"],
        "yield_interval": tally.interval("yield"),
    }


def upper_bound(wrong: int, promoted: int, confidence: float = 0.95) -> float:
    """The exact one-sided bound of Clopper and Pearson on the rate of wrong ones."""
    if wrong >= promoted:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(wrong, promoted, middle) > 1 - confidence else (low, middle)
    return high


@cache
def log_choose(total: int, some: int) -> float:
    """The logarithm of the number of ways to pick some out of all."""
    return math.lgamma(total + 1) - math.lgamma(some + 1) - math.lgamma(total - some + 1)


def at_most(wrong: int, promoted: int, rate: float) -> float:
    """The chance of so many wrong ones or fewer."""
    return sum(math.exp(log_choose(promoted, count) + count * math.log(rate) + (promoted - count) * math.log1p(-rate))
               for count in range(wrong + 1))  # fmt: skip


def curve(leaders: Sequence[tuple[str, float, bool]], offered: int) -> list[Row]:
    """What other floors would have promoted; halves of the tasks, to see how much of it is luck."""
    rows = []
    tasks = sorted({task for task, _, _ in leaders})
    odd = set(tasks[::2])
    for floor in FLOORS:
        above = [(task, right) for task, points, right in leaders if points >= floor]
        rows.append({
            "floor": floor,
            "wrong_rate": rate([not right for _, right in above]),
            "yield": sum(right for _, right in above) / max(1, offered),
            "wrong_rate_of_halves": [rate([not right for task, right in above if (task in odd) is half])
                                     for half in (True, False)],
        })  # fmt: skip
    return rows


def rate(claims: Sequence[bool]) -> float:
    """The share that is true."""
    return sum(claims) / len(claims) if claims else 0.0


def show(figures: Row, gate: Tally, asked_gate: Tally, rules: Mapping[str, Tally]) -> None:
    """Print the table."""
    out = sys.stdout.write
    out(f"{figures['tasks']} tasks, {DRAWS} draws each of {CANDIDATES} replies and one suite\n\n")
    out(f"{'':30}{'promoted':>9}{'wrong':>7}{'wrong, 95 % over tasks':>26}{'bound':>8}{'yield, 95 %':>24}\n")
    table = {"the gate": gate, "the gate, one question": asked_gate, **rules}
    for name, tally in table.items():
        row = named(tally)
        wrong = f"{row['wrong_rate']:.2%} ({row['wrong_interval'][0]:.2%} to {row['wrong_interval'][1]:.2%})"
        gained = f"{row['yield']:.1%} ({row['yield_interval'][0]:.0%} to {row['yield_interval'][1]:.0%})"
        out(f"{name:30}{row['promoted']:>9}{row['wrong']:>7}{wrong:>26}{row['wrong_upper95']:>8.2%}{gained:>24}\n")
    out(f"\nasked {figures['asked']:.1%}, right functions refused {figures['refused_right']:.1%}, ")
    out(f"median {figures['median_s']:.2f} s a task (slowest {figures['slowest_s']:.1f} s)\n")
    out(f"seeded faults let in {figures['seeded_in']:.2%}\n")
    for kind, entry in figures["seeded"].items():
        out(f"  {kind:28}{entry['let_in']:>4} of {entry['offered']}\n")
    out(f"\n{'floor':>6}{'wrong':>9}{'yield':>9}{'wrong in either half of the tasks':>36}\n")
    for row in figures["curve"]:
        halves = " ".join(f"{half:.2%}" for half in row["wrong_rate_of_halves"])
        mark = " *" if row["floor"] == Scale().floor else ""
        out(f"{row['floor']:>6}{row['wrong_rate']:>9.2%}{row['yield']:>9.1%}{halves:>36}{mark}\n")


if __name__ == "__main__":
    main()
