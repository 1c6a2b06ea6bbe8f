"""Decides between candidates for one function: which to promote, what to ask a person, or why none will do."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from agent.evidence.behaviour import RAISED, as_json, observe, rounded
from agent.evidence.calls import named
from agent.evidence.inputs import anything, draw, typed_inputs, vocabulary_of
from agent.evidence.standing import Bench, Candidate, Scale, Standing, leading, standings_of
from agent.evidence.statements import Arguments, Promise, calls_of, examples_in, statements_of
from agent.questions import Choice, Said
from sandbox import Limits, Sandbox

LIMITS = Limits(wall_clock_s=20.0)
"""For all calls of one candidate together. Steps end them in three seconds, long before: a slow machine rules the same,
and the clock only stops what hangs."""
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
    choices: tuple[Choice, ...]
    """The competing answers."""


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
    promises: Sequence[Promise] = (),
    parameters: Sequence[str] = (),
    fits: Callable[[Arguments], bool] = anything,
    scale: Scale | None = None,
    limits: Limits = LIMITS,
) -> Decision:
    """The decision on candidates for the function `name` of the task `text`. The same arguments give the same one.

    `pinned` are a person's examples; those in the task's own text are pinned as well. `answers` are what a person said
    to earlier questions. `suites` should have been written by somebody who did not see the candidates; `promises` are
    single tests of theirs. Where `parameters` are named, calls are made as callers make them: JSON values by name.
    `fits` says which drawn inputs are well typed. Raises `SandboxError` only where the sandbox itself is at fault.
    """
    case = Case(
        name=name,
        text=text,
        pinned=pinned,
        answers=answers,
        promises=promises,
        suites=suites,
        parameters=parameters,
        fits=fits,
    )
    bench = gather(case, candidates, sandbox, scale or Scale(), limits)
    standings = standings_of(bench, name)
    while (leader := leading(standings)) is not None:
        fault = unsteady(bench, leader, name, sandbox, limits) if standings[leader].points >= bench.scale.floor else ""
        if not fault:
            return decided(bench, standings, leader)
        standings[leader] = Standing(fallen=fault)
    return Decision(ruling=Ruling.REFUSE, findings=findings_of(standings), evidence=evidence_of(bench, standings))


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that was said of the function before anybody wrote it."""

    name: str
    text: str
    pinned: Sequence[Promise]
    answers: Sequence[Promise]
    promises: Sequence[Promise]
    suites: Sequence[str]
    parameters: Sequence[str]
    fits: Callable[[Arguments], bool]


def gather(case: Case, candidates: Sequence[Candidate], sandbox: Sandbox, scale: Scale, limits: Limits) -> Bench:
    """Collects promises and inputs, and has every candidate do all of them."""
    name, sources = case.name, [candidate.source for candidate in candidates]
    answers, pinned = renamed(case.answers, case.parameters), renamed(case.pinned, case.parameters)
    inner = renamed(examples_in(case.text, name), case.parameters)
    stated = once([*answers, *pinned, *inner])
    settled = {promise.arguments.text for promise in stated}
    pieces = [statement for suite in case.suites for statement in statements_of(suite, name)]
    statements = list({statement.code: statement for statement in pieces}.values())
    found = [statement.promise for statement in statements if statement.promise is not None]
    tests = once(renamed([*case.promises, *found], case.parameters))
    calls = [named(arguments, case.parameters) for suite in case.suites for arguments in calls_of(suite, name)]
    told = unique([*(promise.arguments for promise in (*pinned, *stated[len(once(answers)) :], *tests)), *calls])
    observed = told or tuple(filter(case.fits, typed_inputs(sources, name)))
    vocabulary = vocabulary_of(case.text, sources)
    drawn = draw(observed, vocabulary, near=scale.near, edge=scale.edge, seed=SEED, fits=case.fits)
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


def renamed(promises: Sequence[Promise], parameters: Sequence[str]) -> tuple[Promise, ...]:
    """The promises with their calls in the one form."""
    return tuple(replace(promise, arguments=named(promise.arguments, parameters)) for promise in promises)


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
    asked = {promise.arguments.text for promise in bench.pinned}
    able = [number for number, standing in enumerate(standings) if not standing.fallen]
    places = [place for place, arguments in enumerate(bench.inputs) if arguments.text not in asked]
    if not places:
        return None
    best = max(places, key=lambda place: telling(bench, able, leader, place))
    if telling(bench, able, leader, best)[0] == 0:
        doubted = {promise.arguments.text for promise in bench.tests if not bench.keeps(leader, promise)}
        best = next((place for place in places if bench.inputs[place].text in doubted), best)
    return Question(arguments=bench.inputs[best], choices=choices_at(bench, best))


def choices_at(bench: Bench, place: int) -> tuple[Choice, ...]:
    """The answers that the candidates give there and the tests promise, each once."""
    found: dict[str, tuple[Said, list[int]]] = {}
    for number, behaviour in enumerate(bench.behaviours, 1):
        answer = behaviour.answers[place]
        if answer is not None and not behaviour.fault:
            said = Said(raises=True) if answer.failure is not None else Said(value=answer.value)
            found.setdefault(text_of(said), (said, []))[1].append(number)
    for promise in bench.tests:
        if promise.arguments.text == bench.inputs[place].text:
            said = Said(value=as_json(promise.value), raises=promise.raises)
            found.setdefault(text_of(said), (said, []))
    return tuple(Choice(said=said, candidates=tuple(numbers)) for said, numbers in found.values())


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


def text_of(said: Said) -> str:
    """Equal texts for equal answers."""
    return RAISED if said.raises else json.dumps(rounded(said.value), sort_keys=True)


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
