"""Decides between candidates for one function: which to promote, what to ask a person, or why none will do."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from agent.behaviour import RAISED, Behaviour, observe
from agent.inputs import draw, typed_inputs, vocabulary_of
from agent.standing import Bench, Candidate, Scale, Standing, leading, standings_of
from agent.statements import Arguments, Promise, calls_of, examples_in, statements_of
from sandbox import Limits, Sandbox

LIMITS = Limits(wall_clock_s=4.0)
"""For all calls of one candidate together."""
SEED = 1
READABLE = 60
"""Characters of arguments that a question likes to have: few enough to think through, enough to tell something."""


class Ruling(StrEnum):
    """What becomes of the candidates."""

    PROMOTE = "promote"
    ASK = "ask"
    REFUSE = "refuse"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One input on which a person's word decides."""

    arguments: Arguments
    answers: Mapping[str, tuple[int, ...]]
    """Each competing answer as text (`an error` where the function raises), and the candidates that give it."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided, and on which evidence."""

    ruling: Ruling
    chosen: int | None = None
    """The candidate that is promoted, or that leads while a question is open."""
    question: Question | None = None
    findings: tuple[str, ...] = ()
    """Why the others, or all, are not promoted; one line each."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What was counted; JSON values."""


def deliberate(
    name: str,
    text: str,
    candidates: Sequence[Candidate],
    suites: Sequence[str],
    *,
    sandbox: Sandbox,
    pinned: Sequence[Promise] = (),
    answers: Sequence[Promise] = (),
    scale: Scale | None = None,
    limits: Limits = LIMITS,
) -> Decision:
    """The decision on candidates for the function `name` of the task `text`. The same arguments give the same one.

    `pinned` are a person's examples; those in the task's own text are pinned as well. `answers` are what a person said
    to earlier questions. `suites` should have been written by somebody who did not see the candidates. Raises
    `SandboxError` only where the sandbox itself is at fault.
    """
    bench = gather(name, text, candidates, suites, sandbox, pinned, answers, scale or Scale(), limits)
    standings = standings_of(bench, name)
    while (leader := leading(standings)) is not None:
        fault = unsteady(bench, leader, name, sandbox, limits) if standings[leader].points >= bench.scale.floor else ""
        if not fault:
            return decided(bench, standings, leader)
        standings[leader] = Standing(fallen=fault)
    return Decision(ruling=Ruling.REFUSE, findings=findings_of(standings), evidence=evidence_of(bench, standings))


def gather(
    name: str,
    text: str,
    candidates: Sequence[Candidate],
    suites: Sequence[str],
    sandbox: Sandbox,
    pinned: Sequence[Promise],
    answers: Sequence[Promise],
    scale: Scale,
    limits: Limits,
) -> Bench:
    """Collects promises and inputs, and has every candidate do all of them."""
    stated = once([*answers, *pinned, *examples_in(text, name)])
    settled = {promise.arguments.text for promise in stated}
    statements = [statement for suite in suites for statement in statements_of(suite, name)]
    tests = once([statement.promise for statement in statements if statement.promise is not None])
    observed = unique([*(promise.arguments for promise in (*pinned, *stated[len(answers) :], *tests)),
                       *(arguments for suite in suites for arguments in calls_of(suite, name))])  # fmt: skip
    sources = [candidate.source for candidate in candidates]
    observed = observed or typed_inputs(sources, name)
    drawn = draw(observed, vocabulary_of(text, sources), near=scale.near, edge=scale.edge, seed=SEED)
    near = unique([*(promise.arguments for promise in stated), *observed, *drawn.near])
    inputs = unique([*near, *drawn.edge])
    others = tuple(statement for statement in statements if statement.promise is None)
    return Bench(
        scale=scale,
        candidates=candidates,
        inputs=inputs,
        places={arguments.text: place for place, arguments in enumerate(inputs)},
        near=len(near),
        pinned=stated,
        answers=tuple(promise for promise in stated if promise in answers),
        tests=tuple(promise for promise in tests if promise.arguments.text not in settled),
        statements=others,
        behaviours=observe(sandbox, sources, name, inputs, others, limits),
    )


def once(promises: Sequence[Promise]) -> tuple[Promise, ...]:
    """The first promise on each call."""
    first: dict[str, Promise] = {}
    for promise in promises:
        first.setdefault(promise.arguments.text, promise)
    return tuple(first.values())


def unique(inputs: Sequence[Arguments]) -> tuple[Arguments, ...]:
    """Each call once, in their order."""
    return tuple({arguments.text: arguments for arguments in inputs}.values())


def unsteady(bench: Bench, number: int, name: str, sandbox: Sandbox, limits: Limits) -> str:
    """Why a candidate is not to be relied upon: other answers in another order; empty where it is steady."""
    source, backwards = bench.candidates[number].source, tuple(reversed(bench.inputs))
    again = observe(sandbox, [source], name, backwards, (), limits)[0].tokens[::-1]
    pairs = zip(bench.inputs, bench.behaviours[number].tokens, again, strict=True)
    for arguments, first, second in pairs:
        if None not in (first, second) and first != second:
            return f"{name}({arguments.text}) does not give the same twice"
    return ""


# --- the decision


def decided(bench: Bench, standings: Sequence[Standing], leader: int) -> Decision:
    """Promote the leader where its points suffice; ask where they do not; refuse where there is nothing to ask."""
    findings, evidence = findings_of(standings), evidence_of(bench, standings)
    if standings[leader].points >= bench.scale.floor:
        return Decision(ruling=Ruling.PROMOTE, chosen=leader, findings=findings, evidence=evidence)
    question = question_for(bench, standings, leader)
    ruling = Ruling.ASK if question else Ruling.REFUSE
    return Decision(ruling=ruling, chosen=leader, question=question, findings=findings, evidence=evidence)


def question_for(bench: Bench, standings: Sequence[Standing], leader: int) -> Question | None:
    """The input that tells most, with what the candidates answer to it; None where all was asked already.

    It parts as many of the candidates that still stand as can be; where they are of one mind, the leader's answer to it
    is the one with the least support. A test that the leader fails is asked before that.
    """
    asked = {promise.arguments.text for promise in (*bench.pinned, *bench.answers)}
    able = [number for number, standing in enumerate(standings) if not standing.fallen]
    places = [place for place, arguments in enumerate(bench.inputs) if arguments.text not in asked]
    if not places:
        return None
    best = max(places, key=lambda place: telling(bench, able, leader, place))
    if telling(bench, able, leader, best)[0] == 0:
        doubted = {promise.arguments.text for promise in bench.tests if not bench.keeps(leader, promise)}
        best = next((place for place in places if bench.inputs[place].text in doubted), best)
    answers: dict[str, list[int]] = {}
    for number, behaviour in enumerate(bench.behaviours):
        answers.setdefault(shown(behaviour, best), []).append(number)
    mine = [answer for answer in answers if answer]
    return Question(arguments=bench.inputs[best], answers={answer: tuple(answers[answer]) for answer in mine})


def telling(bench: Bench, able: Sequence[int], leader: int, place: int) -> tuple[float, ...]:
    """How much an answer for this input would tell, the most important first."""
    row = [behaviour.tokens[place] for behaviour in bench.behaviours]
    parted = sum(row[one] != row[other] for one, other in itertools.combinations(able, 2))
    counts = Counter(row)
    length = len(bench.inputs[place].text)
    answered = row[leader] not in (RAISED, None)
    return (
        parted,
        answered and place < bench.near,
        -counts[row[leader]],
        len(set(row) - {RAISED, None}),
        length if length <= READABLE else -length,
    )


def shown(behaviour: Behaviour, place: int) -> str:
    """The answer as a person reads it; empty where there is none."""
    answer = behaviour.answers[place]
    if answer is None or behaviour.fault:
        return ""
    return "an error" if answer.failure is not None else repr(answer.value)


def findings_of(standings: Sequence[Standing]) -> tuple[str, ...]:
    """Why each candidate fell out."""
    return tuple(f"candidate {number + 1}: {standing.fallen}" for number, standing in enumerate(standings)
                 if standing.fallen)  # fmt: skip


def evidence_of(bench: Bench, standings: Sequence[Standing]) -> dict[str, Any]:
    """What was counted, for the verdict."""
    return {
        "candidates": [{"model": candidate.model, **asdict(standing)}
                       for candidate, standing in zip(bench.candidates, standings, strict=True)],
        "inputs": len(bench.inputs),
        "pinned": len(bench.pinned),
        "tests": len(bench.tests) + len(bench.statements),
        "floor": bench.scale.floor,
    }  # fmt: skip
