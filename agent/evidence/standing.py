"""How each candidate stands: what speaks for it and against it, in points."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent.evidence import hardcoded
from agent.evidence.behaviour import RAISED, Behaviour, agree, breaks_off, keeps, support, usual
from agent.evidence.statements import Arguments, Promise, Statement

FAMILIES = (
    "gpt", "claude", "gemini", "gemma", "bard", "codellama", "llama", "qwen", "deepseek", "mixtral", "mistral",
    "codestral", "starcoder", "codegen", "granite", "phi", "falcon", "vicuna", "wizard", "guanaco", "hermes", "glm",
)  # fmt: skip
"""Words in model names that name a family: models of one family make the same mistakes (arXiv 2606.20158)."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One function that a model wrote for the task."""

    source: str
    model: str


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What evidence weighs. One promise kept that nothing but a right function would keep is one point."""

    floor: float = 4.0
    """Points from which on a candidate is promoted."""
    family: float = 2.0
    """Another model family behaves the same on everything."""
    model: float = 1.0
    """Another model of the same family does."""
    support: float = 2.0
    """Every answer is also given by some other candidate, be it a different one each time."""
    rival: float = 2.0
    """Lost for each candidate that keeps the pinned examples too and behaves differently."""
    failed_test: float = 3.0
    """Lost for a test that it fails and another candidate passes."""
    suspect_test: float = 0.5
    """Lost for a test that it fails and nobody passes: rather the test is wrong."""
    breakdown: float = 1.0
    """Lost where it raises on an input that another candidate answers."""
    answer: float = 1.5
    """Gained for an answer of a person that it had right: the input was chosen to find it out."""
    near: int = 80
    """Inputs drawn like the observed ones."""
    edge: int = 24
    """Inputs drawn at the borders."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one candidate stands, in points and in words."""

    fallen: str = ""
    """Why it cannot be the one; empty where it can."""
    points: float = 0.0
    kept: float = 0.0
    """Points from promises and statements that hold."""
    alike: tuple[int, ...] = ()
    """The candidates that behave the same, itself included."""
    support: float = 0.0
    rivals: int = 0
    failed_tests: int = 0
    suspect_tests: int = 0
    breaks_down: bool = False


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Everything the points are counted from."""

    scale: Scale
    candidates: Sequence[Candidate]
    inputs: tuple[Arguments, ...]
    places: Mapping[str, int]
    """Where each input stands, by its text."""
    near: int
    """How many of the inputs, from the first, are observed or like the observed ones."""
    pinned: tuple[Promise, ...]
    answers: tuple[Promise, ...]
    tests: tuple[Promise, ...]
    statements: tuple[Statement, ...]
    behaviours: Sequence[Behaviour]

    def keeps(self, number: int, promise: Promise) -> bool:
        """True where the candidate keeps the promise."""
        return keeps(self.behaviours[number].answers[self.places[promise.arguments.text]], promise)


def standings_of(bench: Bench, name: str) -> list[Standing]:
    """How each candidate stands."""
    fallen = [why_fallen(bench, number, name) for number in range(len(bench.candidates))]
    able = [number for number, why in enumerate(fallen) if not why]
    return [Standing(fallen=why) if why else standing_of(bench, number, able) for number, why in enumerate(fallen)]


def why_fallen(bench: Bench, number: int, name: str) -> str:
    """Why the candidate cannot be the one, whatever else it does; empty where it can."""
    mine = bench.behaviours[number]
    if mine.fault:
        return f"it does not load: {mine.fault}"
    broken = next((promise for promise in bench.pinned if not bench.keeps(number, promise)), None)
    if broken is not None:
        wanted = "an error" if broken.raises else repr(broken.value)
        return f"{name}({broken.arguments.text}) must give {wanted}"
    like_the_observed = mine.answers[: bench.near]
    if sum(map(breaks_off, like_the_observed)) > len(like_the_observed) / 2:
        return "it fails or does not end on most inputs"
    return hardcoded.fault_of(bench.candidates[number].source, name, bench.pinned) or constant(bench, number)


def constant(bench: Bench, number: int) -> str:
    """Why the answers look learnt by heart: several for what was promised, one and the same for all else.

    Where most of the rest was not reached, that says nothing.
    """
    promised = {repr(promise.value) for promise in bench.pinned}
    known = {promise.arguments.text for promise in (*bench.pinned, *bench.tests)}
    answers = zip(bench.inputs, bench.behaviours[number].tokens, strict=True)
    fresh = [answer for arguments, answer in answers if arguments.text not in known]
    if len(promised) <= 2 or fresh.count(None) > len(fresh) / 2 or len({*fresh} - {RAISED, None}) > 1:
        return ""
    return "it gives one and the same answer to all but the examples"


def standing_of(bench: Bench, number: int, able: Sequence[int]) -> Standing:
    """The points of a candidate that has not fallen."""
    scale, mine = bench.scale, bench.behaviours[number]
    alike = tuple(other for other in able if agree(mine, bench.behaviours[other]))
    models = {bench.candidates[other].model for other in alike}
    families = {family_of(model) for model in models}
    failed, suspect = failed_tests(bench, number)
    standing = Standing(
        kept=kept_points(bench, number),
        alike=alike,
        support=support(mine, [other for place, other in enumerate(bench.behaviours) if place != number]),
        rivals=len(able) - len(alike),
        failed_tests=failed,
        suspect_tests=suspect,
        breaks_down=breaks_down(bench, number),
    )
    points = (
        standing.kept
        + scale.family * (len(families) - 1)
        + scale.model * (len(models) - len(families))
        + scale.support * standing.support
        + scale.answer * len(bench.answers)
        - scale.rival * standing.rivals
        - scale.failed_test * standing.failed_tests
        - scale.suspect_test * standing.suspect_tests
        - scale.breakdown * standing.breaks_down
    )
    return replace(standing, points=round(points, 3))


def kept_points(bench: Bench, number: int) -> float:
    """A point for each promise kept, less the share of other inputs to which the candidate gives that answer anyway.

    A statement that is no plain promise is run beside the candidate, not judged outside: it counts half.
    """
    mine, shares = bench.behaviours[number], usual(bench.behaviours[number])
    total = 0.5 * sum(held is True for held in mine.statements)
    for promise in (*bench.pinned, *bench.tests):
        if bench.keeps(number, promise):
            total += 1 - shares.get(str(mine.tokens[bench.places[promise.arguments.text]]), 0.0)
    return round(total, 3)


def failed_tests(bench: Bench, number: int) -> tuple[int, int]:
    """How many tests the candidate fails that another one passes, and how many that nobody passes."""
    others = [other for other in range(len(bench.candidates)) if other != number]
    failed = suspect = 0
    for promise in bench.tests:
        if not bench.keeps(number, promise):
            passed = any(bench.keeps(other, promise) for other in others)
            failed, suspect = failed + passed, suspect + (not passed)
    for place, held in enumerate(bench.behaviours[number].statements):
        if held is False:
            passed = any(bench.behaviours[other].statements[place : place + 1] == (True,) for other in others)
            failed, suspect = failed + passed, suspect + (not passed)
    return failed, suspect


def breaks_down(bench: Bench, number: int) -> bool:
    """True where the candidate raises on an input that another one answers."""
    rows = zip(*(behaviour.tokens for behaviour in bench.behaviours), strict=True)
    return any(row[number] == RAISED and any(answer not in (RAISED, None) for answer in row) for row in rows)


def family_of(model: str) -> str:
    """The family in a model's name; the whole name where it names none that is known."""
    plain = re.sub(r"[^a-z]", "", model.lower().rpartition("/")[2])
    return next((family for family in FAMILIES if family in plain), model.lower())


def leading(standings: Sequence[Standing]) -> int | None:
    """The candidate with the most points; the larger group and the fewer failures decide where points are equal."""
    able = [number for number, standing in enumerate(standings) if not standing.fallen]
    return max(able, key=lambda number: rank(standings[number]), default=None)


def rank(standing: Standing) -> tuple[float, ...]:
    """What the order of candidates goes by."""
    return (standing.points, len(standing.alike), -standing.breaks_down, -standing.failed_tests)
