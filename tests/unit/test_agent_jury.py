"""How evidence is weighed, on candidates whose answers are told, not run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from agent.evidence import hardcoded
from agent.evidence.behaviour import Behaviour, agree, keeps, rounded, support, token
from agent.evidence.jury import Decision, Ruling, deliberate
from agent.evidence.standing import Bench, Candidate, Scale, constant, family_of
from agent.evidence.statements import Arguments, Promise
from sandbox import Answer, Call, CallResult, Calls, Failure, FailureKind, Limits, SandboxStatus, TestReport

BROKEN = Answer(failure=Failure(kind=FailureKind.EXCEPTION, message="ValueError", exception="ValueError"))
Rule = Callable[[int], Any]


class Told:
    """A sandbox in which a source is the name of a rule; the rule says what a call gives. Nothing is run."""

    name = "told"

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules, self.turn = rules, 0

    def call_many(self, calls: Calls, limits: Limits | None = None) -> tuple[Answer, ...]:
        """What the rule says to each number."""
        self.turn += 1
        return tuple(self.answer(calls.source, int(text.strip("(),{} "))) for _, text in calls.calls)

    def answer(self, source: str, number: int) -> Answer:
        """The rule's word, or a failure where it raises."""
        try:
            value = self.rules[source](number)
        except ValueError:
            return BROKEN
        return Answer(value=value + self.turn / 10 if source == "fickle" else value)

    def call(self, call: Call, limits: Limits | None = None) -> CallResult:
        """Not asked for."""
        raise NotImplementedError

    def run_tests(self, files: Mapping[str, str], limits: Limits | None = None) -> TestReport:
        """Not asked for."""
        raise NotImplementedError

    def warm_up(self) -> None:
        """Nothing to start."""

    def status(self) -> SandboxStatus:
        """Always there."""
        return SandboxStatus(available=True, detail="told")

    def close(self) -> None:
        """Nothing to stop."""


def fails_below(number: int) -> int:
    """Right, but only from 2 on."""
    if number < 2:
        raise ValueError
    return number * number


RULES: dict[str, Rule] = {
    "square": lambda number: number * number,
    "square too": lambda number: number * number,
    "double": lambda number: number * 2,
    "late": lambda number: number * number if number < 12 else 0,
    "later": lambda number: number * number if number < 14 else 1,
    "table": lambda number: {2: 4, 3: 9, 4: 16}.get(number, 0),
    "breaks": fails_below,
    "fickle": lambda number: number * number,
}
TASK = "The square.\n>>> f(2)\n4\n"
SUITE = "assert f(3) == 9\nassert f(4) == 16\nassert f(5) == 25\nassert f(6) == 36\n"


def decide(*candidates: tuple[str, str], suite: str = SUITE, text: str = TASK, **more: Any) -> Decision:
    """The decision on rules by models."""
    offered = [Candidate(source=source, model=model) for source, model in candidates]
    return deliberate("f", text, offered, [suite], sandbox=Told(RULES), **more)


def promise(number: int, value: Any = None, *, raises: bool = False) -> Promise:
    """What a person says of one number."""
    return Promise(arguments=Arguments(positional=(number,)), value=value, raises=raises)


def test_two_families_that_agree_are_promoted() -> None:
    """Independent candidates that behave alike and keep their promises need no person."""
    decision = decide(("square", "gpt-4"), ("square too", "qwen-7b"), suite="assert f(3) == 9\n")
    assert (decision.ruling, decision.question) == (Ruling.PROMOTE, None)
    assert decision.chosen in (0, 1)
    assert decision.evidence["candidates"][0]["alike"] == (0, 1)


def test_one_candidate_with_enough_kept_promises_is_promoted() -> None:
    """A lone candidate can do without company where it holds what four tests say."""
    assert decide(("square", "gpt-4")).ruling is Ruling.PROMOTE


def test_one_candidate_with_little_evidence_is_asked_about() -> None:
    """One example alone shows too little: the question shows the candidate's answer to a new input."""
    decision = decide(("square", "gpt-4"), suite="")
    assert decision.ruling is Ruling.ASK
    assert decision.question is not None
    assert decision.question.arguments.text != "2"


def test_a_broken_pinned_example_is_never_promoted() -> None:
    """What the task's own examples rule out falls, however many models wrote it."""
    decision = decide(("late", "gpt-4"), ("late", "qwen"), ("late", "phi"), text=TASK + ">>> f(20)\n400\n")
    assert decision.ruling is Ruling.REFUSE
    assert decision.findings[0] == "candidate 1: f(20) must give 400"


def test_a_person_outranks_a_test() -> None:
    """A pinned example settles what a suite says otherwise."""
    decision = decide(("double", "gpt-4"), ("double", "phi"), suite="assert f(3) == 9\n", pinned=[promise(3, 6)])
    assert decision.ruling is Ruling.PROMOTE
    assert decision.evidence["tests"] == 0


def test_groups_that_disagree_become_one_question() -> None:
    """The input asked about is one on which the two differ, with both answers."""
    decision = decide(("late", "gpt-4"), ("later", "qwen"), suite="assert f(11) == 121\nassert f(16) == 256\n")
    assert decision.ruling is Ruling.ASK
    assert decision.question is not None
    number = decision.question.arguments.positional[0]
    said = [(choice.said.value, choice.candidates) for choice in decision.question.choices]
    assert said[:2] == [(RULES["late"](number), (1,)), (RULES["later"](number), (2,))]
    assert said[2:] in ([], [(number**2, ())])  # what a test asks for is an answer, too


def test_the_answer_decides() -> None:
    """The candidates that a person's answer contradicts fall; the one that had it right gains."""
    rivals = (("square", "gpt-4"), ("late", "qwen"))
    first = decide(*rivals, suite="assert f(3) == 9\nassert f(20) == 400\n" * 1)
    assert first.question is None or first.ruling is Ruling.ASK
    second = decide(*rivals, suite="assert f(3) == 9\nassert f(4) == 16\n", answers=[promise(15, 225)])
    assert (second.ruling, second.chosen) == (Ruling.PROMOTE, 0)
    assert "f(15) must give 225" in second.findings[0]


def test_an_answer_can_be_an_error() -> None:
    """A person may say that the call must fail; who answers it all the same falls."""
    decision = decide(("breaks", "gpt-4"), ("square", "qwen"), answers=[promise(1, raises=True)])
    assert decision.findings == ("candidate 2: f(1) must give an error",)


def test_a_test_that_another_candidate_passes_weighs_more_than_one_nobody_passes() -> None:
    """Two agree and fail a test: if a third passes it they are in doubt, if nobody does the test is."""
    pair = (("late", "gpt-4"), ("late", "qwen"))
    suite = "assert f(3) == 9\nassert f(15) == 225\n"
    nobody = decide(*pair, suite=suite).evidence["candidates"][0]
    somebody = decide(*pair, ("square", "phi"), suite=suite).evidence["candidates"][0]
    assert (nobody["failed_tests"], nobody["suspect_tests"]) == (0, 1)
    assert (somebody["failed_tests"], somebody["suspect_tests"]) == (1, 0)


def test_a_table_of_the_examples_is_refused() -> None:
    """A function that knows the examples and gives one answer to all else falls, though it breaks nothing."""
    text = TASK + ">>> f(3)\n9\n>>> f(4)\n16\n"
    decision = decide(("table", "gpt-4"), text=text, suite="")
    assert decision.ruling is Ruling.REFUSE
    assert "one and the same answer" in decision.findings[0]


@pytest.mark.parametrize(("reached", "looks_learnt"), [(10, True), (6, True), (5, False), (0, False)])
def test_what_was_hardly_reached_does_not_look_learnt_by_heart(reached: int, looks_learnt: bool) -> None:
    """Where the time was up soon after the examples, what a candidate gives to the rest is not known."""
    inputs = tuple(Arguments(positional=(number,)) for number in range(14))
    pinned = tuple(Promise(arguments=one, value=number) for number, one in enumerate(inputs[:3]))
    bench = Bench(
        scale=Scale(),
        candidates=[Candidate(source="f", model="m")],
        inputs=inputs,
        places={one.text: place for place, one in enumerate(inputs)},
        near=14,
        pinned=pinned,
        answers=(),
        tests=(),
        statements=(),
        behaviours=[does(" 0", " 1", " 2", *[" 7"] * reached, *[None] * (11 - reached))],
    )
    assert bool(constant(bench, 0)) is looks_learnt


def test_what_does_not_give_the_same_twice_falls() -> None:
    """The leader is run again, in another order; the next one gets its chance."""
    decision = decide(("fickle", "gpt-4"), ("square", "qwen"), text="The square.")
    assert "the same twice" in " ".join(decision.findings) or decision.chosen == 1


def test_same_arguments_same_decision() -> None:
    """Nothing in a decision is left to chance."""
    rivals = (("square", "gpt-4"), ("late", "qwen"), ("double", "phi"))
    assert decide(*rivals) == decide(*rivals)


def test_nothing_offered_is_refused() -> None:
    """No candidate, no promotion, no question."""
    assert decide().ruling is Ruling.REFUSE


def test_a_higher_floor_promotes_less() -> None:
    """The floor is the one dial between daring and asking."""
    assert decide(("square", "gpt-4"), scale=Scale(floor=9.0)).ruling is Ruling.ASK


# --- comparing


def does(*tokens: str | None) -> Behaviour:
    """A behaviour with these tokens."""
    return Behaviour(answers=(None,) * len(tokens), tokens=tokens)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("a", "b"), ("a", "b"), True),
        (("a", "b"), ("a", "c"), False),
        (("a", "!"), ("a", "c"), True),
        (("!", "b"), ("a", "b"), True),
        (("!", "b"), ("a", "c"), False),
        (("a", None), ("a", "c"), True),
    ],
)
def test_raising_is_no_disagreement(one: Sequence[str], other: Sequence[str], same: bool) -> None:
    """Only two different values part two candidates: what odd input gives, tasks seldom say."""
    assert agree(does(*one), does(*other)) is same


def test_support_beyond_chance() -> None:
    """Many answers that others share bear out; a yes or no that anybody could guess does not."""
    rich = does(*"abcdefgh")
    assert support(rich, [does(*"abcdxxxx"), does(*"yyyyefgh")]) > 0.9
    assert support(rich, [does(*"qrstuvwx")]) == 0.0
    guesses = does(*"tftftftf")
    assert support(guesses, [does(*"ttffttff"), does(*"fftttfft")]) < 0.5


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [(0.1 + 0.2, 0.3, True), (2.0, 2, True), (1, True, False), ([1], [1.0], True), (0.3, 0.31, False)],
)
def test_equal_answers_have_equal_tokens(left: Any, right: Any, same: bool) -> None:
    """Tokens agree with `same_json`: the last digits of a float do not part, a truth is no number."""
    assert (token(Answer(value=left)) == token(Answer(value=right))) is same
    assert rounded({"a": [1e-9 + 1]}) == {"a": [1]} or same is not None


def test_a_list_is_no_tuple() -> None:
    """JSON does not tell them apart, Python's `==` does: so does a promise in Python."""
    kept = Promise(arguments=Arguments(), value=(1, 2))
    assert keeps(Answer(value=[1, 2], shape="tuple"), kept)
    assert not keeps(Answer(value=[1, 2], shape="list"), kept)


def test_an_unanswered_call_keeps_no_promise() -> None:
    """Neither a value nor an error was seen."""
    assert not keeps(None, promise(1, raises=True))
    assert not keeps(None, promise(1, None))


@pytest.mark.parametrize(
    ("model", "family"),
    [("gpt-4-1106-preview", "gpt"), ("ollama/qwen2.5-coder:7b", "qwen"), ("CodeLlama-34b", "codellama"),
     ("Wizard_LM-13B", "wizard"), ("own/model", "own/model")],
)  # fmt: skip
def test_families(model: str, family: str) -> None:
    """A model's family is read from its name; an unknown name is a family of its own."""
    assert family_of(model) == family


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("def f(s):\n    return {'Hello': 1, 'World': 2}.get(s)\n", True),
        ("def f(s):\n    if s == 'Hello':\n        return 1\n    return 2 if s in ['World'] else 0\n", True),
        ("def f(s):\n    match s:\n        case 'Hello': return 1\n        case 'World': return 2\n", True),
        ("def f(s):\n    return s.count('Hello') + len('World')\n", False),
        ("def f(s):\n    return 1 if s == 'Hello' else 2\n", False),
        ("def f(s: Literal['Hello', 'World']):\n    return 1 if s == 'Hello' else 2 if s == 'World' else 3\n", False),
        ("def f(s):\n    x: Literal['Hello', 'World']\n    return {'Hello': 1, 'World': 2}.get(s)\n", True),
        ("def f(s):\n    return 1\nassert f('Hello') == 1\nassert f('World') == 2\n", False),
    ],
)  # fmt: skip
def test_a_table_is_seen_in_the_source(source: str, caught: bool) -> None:
    """Two looked-up examples are a table; honest constants, tests left in and the choices of a type are not."""
    promises = [Promise(arguments=Arguments(positional=(text,)), value=1) for text in ("Hello", "World")]
    assert bool(hardcoded.fault_of(source, "f", promises)) is caught
