"""Check: the tests notice small faults put into the candidate.

A mutant that runs without end is counted by itself and is no kill: it says that the fault was grave, not that a test
looked at the result.
"""

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from agent.checks.trial import TEST_LIMITS, Trial
from agent.evidence.specified_tests import specified_tests
from agent.source.mutants import Mutant, mutants_of
from agent.source.signature import parse
from agent.source.suites import joined
from agent.types import CheckResult
from sandbox import Answer, Calls, FailureKind, TestOutcome

NAME = "mutation"
FLOOR = 0.6
"""The share of mutants that must be killed. Not more: some mutants behave like the original."""
MOST_MUTANTS = 24
MOST_WITH_PYTEST = 6
"""A tenth of a second each and more: for suites with fixtures, which nothing else can run."""
MOST_TURNS = 200_000
"""Loop turns and calls of functions after which a mutant counts as endless."""
ENDLESS = "KowalEndless"
GUARD = f"""
class {ENDLESS}(BaseException):
    pass


def _kowal_turn(left=[{MOST_TURNS}]):
    left[0] -= 1
    if left[0] < 0:
        raise {ENDLESS}
"""


RUNNER = """
import functools, inspect, itertools, sys, types
import pytest

def cases(test):
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    names = [[name.strip() for name in mark.args[0].split(",")] if isinstance(mark.args[0], str) else list(mark.args[0])
             for mark in marks]
    rows = [[getattr(row, "values", row) if hasattr(row, "marks") or len(keys) > 1 else (row,) for row in mark.args[1]]
            for keys, mark in zip(names, marks)]
    for chosen in itertools.product(*rows):
        yield {key: value for keys, row in zip(names, chosen) for key, value in zip(keys, row)}

def tests_in(module):
    for name, thing in list(vars(module).items()):
        if name.startswith("test") and inspect.isfunction(thing):
            yield thing, thing
        elif name.startswith("Test") and inspect.isclass(thing):
            for inner, method in list(vars(thing).items()):
                if inner.startswith("test") and inspect.isfunction(method):
                    yield method, getattr(thing(), inner)

@functools.cache
def compiled(name, text):
    return compile(text, name + ".py", "exec")

def fate(source, suite):
    for name, text in (("function", source), ("test_function", suite)):
        module = sys.modules[name] = types.ModuleType(name)
        try:
            exec(compiled(name, text), module.__dict__)
        except Exception:
            return "invalid"
    ran = 0
    for marked, test in tests_in(module):
        wanted = set(inspect.signature(test).parameters)
        for given in cases(marked):
            if wanted != set(given) or inspect.iscoroutinefunction(marked):
                return "needs pytest"
            ran += 1
            try:
                test(**given)
            except (Exception, pytest.fail.Exception):
                return "killed"
    return "survived" if ran else "needs pytest"
"""
"""Runs a suite in the guest without pytest's machinery: it costs a tenth."""


def check(trial: Trial) -> CheckResult:
    """Passed where enough mutants are killed by a failing test or a pinned example, or none can be made."""
    trial = with_examples(trial)
    mutants = spread(mutants_of(trial.function.source), MOST_MUTANTS)
    fates = swift(trial, mutants)
    if "needs pytest" in fates:
        mutants = spread(mutants, MOST_WITH_PYTEST)
        fates = run(trial, mutants)
    counts = {word: Counter(fates)[word] for word in ("killed", "survived", "timed out", "invalid")}
    judged = counts["killed"] + counts["survived"]
    score = counts["killed"] / judged if judged else float(not mutants)
    alive = [mutant for mutant, fate in zip(mutants, fates, strict=True) if fate == "survived"]
    findings = tuple(f"no test notices that in line {mutant.line} {mutant.change}" for mutant in alive)
    if mutants and not judged:
        findings = (f"the tests came to no end with any of {len(mutants)} small faults: use smaller inputs",)
    return CheckResult(
        check=NAME,
        passed=score >= FLOOR,
        summary=f"{counts['killed']}/{judged} mutants killed" if mutants else "",
        findings=findings if score < FLOOR else (),
        evidence={**counts, "score": round(score, 3), "floor": FLOOR},
    )


def with_examples(trial: Trial) -> Trial:
    """The trial with what people stated as tests beside the others, where it can be said in plain JSON."""
    function, specification = trial.function, trial.specification
    if specification is None or not function.manifest.examples:
        return trial
    stated = specification.model_copy(update={"examples": function.manifest.examples, "properties": ()})
    return replace(trial, function=replace(function, tests=joined(function.tests, specified_tests(stated))))


def spread(mutants: Sequence[Mutant], most: int) -> tuple[Mutant, ...]:
    """At most so many of them, from the whole length of the source."""
    if len(mutants) <= most:
        return tuple(mutants)
    return tuple(mutants[number * len(mutants) // most] for number in range(most))


def swift(trial: Trial, mutants: Sequence[Mutant]) -> list[str]:
    """The fate of each mutant, all in one sandbox, the candidate itself before and behind them.

    Where the candidate does not survive at both ends, what came between says nothing.
    """
    own = trial.function.source
    given = [repr(((source, trial.function.tests), {})) for source in (own, *(each.source for each in mutants), own)]
    calls = Calls(
        source=RUNNER,
        calls=tuple(("fate", text) for text in given),
        steps_a_call=MOST_TURNS,
        steps=MOST_TURNS * len(given),
    )
    answers = trial.sandbox.call_many(calls, TEST_LIMITS)
    fates = [fate_in(answer) for answer in answers] + ["timed out"] * (len(given) - len(answers))
    if fates[0] != "survived" or fates[-1] != "survived":
        return ["needs pytest"]
    return fates[1:-1]


def fate_in(answer: Answer) -> str:
    """The fate that one answer tells."""
    if answer.failure is None:
        return str(answer.value)
    return "timed out" if answer.failure.kind is FailureKind.TIMEOUT else "killed"


def run(trial: Trial, mutants: Sequence[Mutant]) -> list[str]:
    """The fate of each mutant by pytest itself: all in one sandbox, each with a copy of the suite to itself."""
    files = {}
    for number, mutant in enumerate(mutants):
        files[f"function_{number}.py"] = guarded(mutant.source)
        files[f"test_{number}.py"] = redirected(trial.function.tests, number)
    report = trial.sandbox.run_tests(files, TEST_LIMITS)
    kind = report.failure.kind if report.failure is not None else FailureKind.TESTS_FAILED
    if kind is not FailureKind.TESTS_FAILED and len(mutants) > 1:  # one took the others with it
        half = len(mutants) // 2
        return run(trial, mutants[:half]) + run(trial, mutants[half:])
    if kind is FailureKind.TIMEOUT:
        return ["timed out"]
    return [fate([outcome for outcome in report.outcomes if file_of(outcome) == f"test_{number}.py"])
            for number in range(len(mutants))]  # fmt: skip


def file_of(outcome: TestOutcome) -> str:
    """The test file that an outcome belongs to."""
    return outcome.test_id.partition("::")[0]


def fate(outcomes: list[TestOutcome]) -> str:
    """What became of one mutant: only a test that failed kills it."""
    if not outcomes:
        return "invalid"
    if any(outcome.outcome == "failed" and not outcome.exception.endswith(ENDLESS) for outcome in outcomes):
        return "killed"
    if all(outcome.outcome == "passed" for outcome in outcomes):
        return "survived"
    return "timed out" if any(outcome.exception.endswith(ENDLESS) for outcome in outcomes) else "invalid"


def guarded(source: str) -> str:
    """The source with every loop and every function counting its turns."""
    tree = Guarding().visit(parse(source))
    future = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    tree.body = [*future, *parse(GUARD).body, *(node for node in tree.body if node not in future)]
    return ast.unparse(ast.fix_missing_locations(tree))


class Guarding(ast.NodeTransformer):
    """Puts a count at the start of every loop's and every function's body."""

    def guard(self, node: ast.AST) -> ast.AST:
        """The node, guarded inside and out."""
        self.generic_visit(node)
        node.body = [*parse("_kowal_turn()").body, *node.body]  # type: ignore[attr-defined]
        return node

    visit_For = visit_While = visit_AsyncFor = visit_FunctionDef = visit_AsyncFunctionDef = guard


def redirected(tests: str, number: int) -> str:
    """The suite, testing the mutant of that number instead of `function`."""
    tree = parse(tests)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "function":
            node.module = f"function_{number}"
        elif isinstance(node, ast.Import):
            node.names = [ast.alias(name=f"function_{number}", asname=alias.asname or "function")
                          if alias.name == "function" else alias for alias in node.names]  # fmt: skip
    return ast.unparse(tree)
