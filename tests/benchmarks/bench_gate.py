"""How often the gate errs: real model replies to public problems, replayed as if a model had just answered.

`DATA` names a folder with `problems.jsonl`, `samples.jsonl` and `tests.jsonl`; `OUT` a JSON file for the figures. The
gate sees a problem's text, five replies of different models and one suite; the hidden check scores afterwards.
"""

import json
import os
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
from gate_figures import Row, Tally, curve, named

from agent.evidence.behaviour import keeps, observe
from agent.evidence.jury import LIMITS, Decision, Question, Ruling, deliberate
from agent.evidence.standing import Candidate, Scale
from agent.evidence.statements import Promise, examples_in, statements_of
from agent.replies import extract_code
from agent.source.mutants import mutants_of
from sandbox import Call, Limits, Sandbox
from sandbox.backends.wasm import BACKEND

DRAWS = int(os.environ.get("DRAWS", "20"))
CANDIDATES = 5
FAULTS_A_TASK = 2
"""Draws of a task into which each kind of fault is seeded."""
RULES = ("first sample kept", "first that passes its tests", "best passing 90 %")
REFERENCE_LIMITS = Limits(wall_clock_s=5.0)

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


def main() -> None:
    """Replay all draws, print the table, write the figures to `OUT` where that is set."""
    data = Path(os.environ.get("DATA") or ".")
    if not (data / "samples.jsonl").exists():
        sys.stdout.write("skipped: DATA= names no folder with problems.jsonl, samples.jsonl and tests.jsonl\n")
        return
    folder = Path(os.environ.get("KOWAL_CACHE") or platformdirs.user_cache_dir("kowal"))
    sandbox = BACKEND.open({"cache": folder, "spares": 1}, told)
    try:
        figures = measured(load(data), sandbox)
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


@dataclass(kw_only=True)
class Replay:
    """All that is counted while the draws are replayed."""

    sandbox: Sandbox
    gate: Tally = field(default_factory=Tally)
    one_question: Tally = field(default_factory=Tally)
    rules: dict[str, Tally] = field(default_factory=lambda: {name: Tally() for name in RULES})
    seconds: list[float] = field(default_factory=list)
    asked: int = 0
    right: int = 0
    refused: int = 0
    seeded: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    """By kind of fault, how many were offered and how many let in."""
    leaders: list[tuple[str, float, bool]] = field(default_factory=list)
    """For each draw the task, the leader's points, and whether it is right."""
    checked: dict[tuple[str, str], bool] = field(default_factory=dict)

    def is_right(self, problem: Problem, source: str) -> bool:
        """What the hidden check says of a source."""
        key = (problem.row["task_id"], source)
        if key not in self.checked:
            arguments = {"source": source, "test": problem.row["test"], "name": problem.name}
            call = Call(source=CHECK, function="outcome", arguments=arguments)
            self.checked[key] = self.sandbox.call(call, REFERENCE_LIMITS).value == "right"
        return self.checked[key]

    def play(self, draw: Draw) -> None:
        """Decide on one draw as the gate would, and score it."""
        task, right = draw.problem.row["task_id"], draw.right
        started = time.perf_counter()
        decision = judge(draw, self.sandbox)
        self.seconds.append(time.perf_counter() - started)
        chosen = decision.chosen if decision.ruling is Ruling.PROMOTE else None
        self.gate.note(task, right, chosen)
        if decision.chosen is not None:
            points = decision.evidence["candidates"][decision.chosen]["points"]
            self.leaders.append((task, points, right[decision.chosen]))
        if decision.question is not None:
            self.asked += 1
            answer = answer_of(draw.problem, decision.question, self.sandbox)
            second = judge(draw, self.sandbox, answers=(answer,))
            chosen = second.chosen if second.ruling is Ruling.PROMOTE else None
        self.one_question.note(task, right, chosen)
        self.right += sum(right)
        self.refused += refused_right(draw, decision)
        baselines(draw, self.rules, self.sandbox)

    def seed(self, draw: Draw, number: int) -> None:
        """Put faults in place of a right candidate, and see whether they get in."""
        for kind, seeded, place in faults(draw, number, self.is_right):
            decision = judge(seeded, self.sandbox)
            self.seeded[kind][0] += 1
            self.seeded[kind][1] += decision.ruling is Ruling.PROMOTE and decision.chosen == place

    def figures(self, tasks: int) -> Row:
        """The figures for `OUT`."""
        offered, let_in = (sum(entry[place] for entry in self.seeded.values()) for place in (0, 1))
        return {
            "tasks": tasks,
            **named(self.gate),
            "yield_one_question": self.one_question.figures()["yield"],
            "wrong_one_question": self.one_question.figures()["wrong_rate"],
            "asked": self.asked / max(1, len(self.seconds)),
            "refused_right": self.refused / max(1, self.right),
            "seeded_in": let_in / max(1, offered),
            "seeded": {kind: {"offered": entry[0], "let_in": entry[1]} for kind, entry in self.seeded.items()},
            "median_s": statistics.median(self.seconds),
            "slowest_s": max(self.seconds),
            "baselines": {name: {"tasks": tasks, **named(tally)} for name, tally in self.rules.items()},
            "curve": curve(self.leaders, sum(self.gate.offered.values())),
        }


def measured(problems: Sequence[Problem], sandbox: Sandbox) -> Row:
    """All figures; the table is printed."""
    replay = Replay(sandbox=sandbox)
    for problem in problems:
        for number, draw in enumerate(draws(problem, replay.is_right)):
            replay.play(draw)
            if number < FAULTS_A_TASK:
                replay.seed(draw, number)
        told(f"{problem.row['task_id']}: {replay.gate.figures([problem.row['task_id']])}")
    figures = replay.figures(len(problems))
    show(figures, {"the gate": replay.gate, "the gate, one question": replay.one_question, **replay.rules})
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
    task, right = draw.problem.row["task_id"], draw.right
    first.note(task, right, 0)
    passing.note(task, right, next((place for place, rate in enumerate(rates) if rate == 1.0), None))
    top = max(range(len(rates)), key=rates.__getitem__)
    best.note(task, right, top if rates[top] >= 0.9 else None)


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


def show(figures: Row, table: Mapping[str, Tally]) -> None:
    """Print the table."""
    out = sys.stdout.write
    out(f"{figures['tasks']} tasks, {DRAWS} draws each of {CANDIDATES} replies and one suite\n\n")
    out(f"{'':30}{'promoted':>9}{'wrong':>7}{'wrong, 95 % over tasks':>26}{'bound':>8}{'yield, 95 %':>24}\n")
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
