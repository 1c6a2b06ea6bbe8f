"""How answers, errors and progress look in a chat."""

import inspect
import re

import pytest
from hypothesis import given, strategies

import agent.errors
import registry.errors
import sandbox.errors
from agent.cli.progress import LINES as AT_THE_TERMINAL
from agent.errors import BadTask, KowalError, NotPermitted, NotPromoted, RunFailed, Unclear
from agent.talking.layout import LINES, MOST_LINES, TRIED, Answer, answer_of, error_of, progress_of
from agent.talking.marking import JOINER
from agent.types import Event, Origin, Outcome
from agent.workflow.kept import error_written
from registry import RegistryError, UnknownFunction
from sandbox import SandboxError, SandboxUnavailable

VERDICT = {
    "passed": True,
    "validated_on": ["wasm", "docker"],
    "checks": [
        {"check": "green", "evidence": {"tests": 9, "passed": 9}},
        {"check": "mutation", "evidence": {"killed": 31, "survived": 3, "timed out": 1}},
        {"check": "agreement", "evidence": {"alike": 2}},
    ],
}


def outcome(value: object = None, **changed: object) -> Outcome:
    """What became of a task."""
    facts = {
        "task": "total per region",
        "function": "csv_group_sum",
        "version": "1.0.2",
        "commit": "0" * 40,
        "origin": Origin.MATCHED,
        "status": "production",
        "value": value,
        "ran": True,
        "verdict": VERDICT,
        "seconds": {"match": 0.001, "run": 0.0021},
    }
    return Outcome(**(facts | changed))


def test_an_answer_is_two_lines():
    """The function, its version, the value; what speaks for it, the time, the cost, and where there is more."""
    answer = answer_of(outcome(42), "en")
    assert answer == Answer(
        text="**csv_group_sum** 1.0.2 · `42`\n"
        "verified: 9 tests, 31/34 mutants, 2 independent implementations, 2 sandboxes · 3 ms · 0.00 € · "
        "`show csv_group_sum`"
    )
    assert answer_of(outcome(42), "pl").text.splitlines()[1] == (
        "sprawdzone: testy: 9, mutanty: 31/34, niezależne implementacje: 2, piaskownice: 2 · 3 ms · 0.00 € · "
        "`pokaż csv_group_sum`"
    )


def test_a_table_and_what_is_left_out_of_it_stand_between():
    """A long result is cut, and its file and the artefacts are named."""
    rows = [{"n": number} for number in range(30)]
    answer = answer_of(outcome(rows, artefacts={"@all.png": b"1", "csv_group_sum.csv": b"2"}), "en")
    lines = answer.text.splitlines()
    assert lines[:2] == ["**csv_group_sum** 1.0.2", "```"]
    assert lines[-3:-1] == [
        "rows shown: 20 of 30; all: `csv_group_sum.csv`",
        "files: `_all.png`, `2-csv_group_sum.csv`",
    ]
    assert list(answer.files) == ["csv_group_sum.csv", "_all.png", "2-csv_group_sum.csv"]
    assert answer.files["2-csv_group_sum.csv"] == b"2"


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [({}, None), ({}, {}), (VERDICT | {"passed": False}, None), ({"passed": True, "checks": []}, None)],
)
def test_nothing_is_claimed_that_was_not_kept(verdict, kept):
    """Where there is no evidence, or the gate was not passed, nothing is called verified."""
    assert "verified" not in answer_of(outcome(1, verdict=verdict), "en", kept).text


def test_the_version_s_evidence_stands_in_for_a_matched_function():
    """What the caller passes in is used where the outcome has none."""
    assert "verified: 9 tests" in answer_of(outcome(1, verdict={}), "en", VERDICT).text


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"seconds": {"make": 41.4}}, "· 41 s ·"),
        ({"seconds": {"make": 4.23}}, "· 4.2 s ·"),
        ({"seconds": {}}, "· 0 ms ·"),
        ({"cost_eur": 0.001}, "· < 0.01 € ·"),
        ({"cost_eur": 1.239}, "· 1.24 € ·"),
        ({"unpriced": 2}, "requests of unknown price: 2"),
        ({"reached": ("GET https://api.example.org/@all",)}, f"reached `GET https://api.example.org/@{JOINER}all`"),
        ({"reached": tuple(f"GET h{number}" for number in range(9))}, "`GET h4` …"),
    ],
)
def test_time_cost_and_reach_are_told(changed, part):
    """In units that people read at once, and without claiming to know what is not known."""
    assert part in answer_of(outcome(1, **changed), "en").text


def test_a_function_that_was_made_and_not_run_says_where_it_stands():
    """For `enhance`, and for what waits for an approval."""
    told = answer_of(outcome(ran=False, status="approved"), "en").text
    assert told.splitlines()[0] == "**csv_group_sum** 1.0.2 is there (approved, not in production)"
    assert "jest gotowa (w produkcji)" in answer_of(outcome(ran=False), "pl").text


@given(strategies.text(alphabet="@`\n al<|>![](hx)", max_size=60))
def test_what_a_function_gives_calls_nobody(text):
    """As a value, in a table, in what it reached, and as a file's name."""
    for value in (text, [{text: text}], {"a": text}, [[text]]):
        told = answer_of(outcome(value, reached=(text,), artefacts={text: b""}), "en").text
        assert re.findall(r"(?:^|\s|>)@[\w.-]+", told) == []


# --- errors


def written(error: Exception, language="en") -> list[str]:
    """The lines that are said of an error."""
    return error_of(error_written(error), language).splitlines()


def test_an_error_has_three_parts():
    """What happened, what was kept, what to do: commands of the terminal become words of the chat."""
    error = RunFailed(
        "`f` 1.0.0 failed: KeyError: @all",
        kept="This was run 12.",
        advice="`kowal functions history f` says why. Name another version, or enhance the function.",
    )
    assert written(error) == [
        f"✗ `f` 1.0.0 failed: KeyError: @{JOINER}all",
        "kept: This was run 12.",
        "next: `history f` says why. Name another version, or enhance the function.",
    ]


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (BadTask("It is empty"), "next: say in a sentence what should be done, and attach data as a file."),
        (NotPermitted("No"), "next: ask somebody who may."),
        (NotPermitted("No", advice="Ask ewa."), "next: Ask ewa."),
        (Unclear("Did you mean `a` or `b`?"), "next: say the name of the one you mean, or say it in other words."),
        (
            KowalError("x", advice="`kowal tasks retry 0a1b2c3d` tries it again."),
            "next: say it again.",
        ),
        (UnknownFunction("No `f`"), "next: `functions` shows the names."),
        (SandboxUnavailable("x"), "next: whoever runs Kowal here can look with `kowal doctor`."),
        (agent.errors.ModelTimedOut("x"), "next: say it again in a while."),
        (agent.errors.NoRoute("x"), "next: whoever runs Kowal here can look with `kowal doctor`."),
    ],
)
def test_advice_is_of_use_in_a_chat(error, advice):
    """Nobody there has a terminal or the settings."""
    assert written(error)[-1] == advice


@pytest.mark.parametrize("language", ["en", "pl"])
def test_no_error_of_ours_sends_people_to_a_terminal(language):
    """Whatever error there is: what is said of it names no command line but that of whoever runs Kowal."""
    kinds = {kind for module in (agent.errors, registry.errors, sandbox.errors)
             for _, kind in inspect.getmembers(module, inspect.isclass)
             if issubclass(kind, KowalError | RegistryError | SandboxError)}  # fmt: skip
    assert len(kinds) > 40
    for kind in kinds:
        *_, advice = written(kind("x"), language)
        assert advice.removeprefix("next: ").removeprefix("dalej: ").strip()
        assert "kowal" not in advice.replace("`kowal doctor`", "")
        assert "KOWAL_" not in advice


def test_findings_are_shown_as_data_and_not_all():
    """The first three, each in a line that nobody is called by."""
    error = NotPromoted("None passed", findings=["a\n@all", "b", "c", "d"], kept="All attempts: kowal attempts 0a-1b")
    lines = written(error)
    assert lines[1:4] == [f"• `a @{JOINER}all`", "• `b`", "• `c`"]
    assert lines[4] == "kept: All attempts"
    assert len(lines) == 6


# --- progress


def told(*events: tuple[str, dict], language="en") -> list[str]:
    """The lines of these events."""
    return progress_of([Event(action=action, facts=facts) for action, facts in events], language).splitlines()


VERSION = {"name": "f", "version": "1.0.0", "status": "production", "commit": "0" * 40}
WAY = (
    ("task.taken", {"asked_by": "ewa"}),
    ("task.begun", {"worker": "w"}),
    ("step.begun", {"step": "match"}),
    ("match.none", {"best": "", "chance": 0.1, "reason": "none"}),
    ("model.asked", {"what": "specification", "number": 1, "of": 3}),
    ("task.specified", {"signature": "f(x: int) -> int", "model": "m", "seconds": 1.0}),
    ("model.asked", {"what": "tests", "number": 1, "of": 1}),
    ("tests.written", {"total": 9, "hidden": 4, "red": 9, "model": "m", "seconds": 1.0}),
    ("model.asked", {"what": "candidate", "number": 1, "of": 5}),
    ("candidate.refused", {"number": 1, "of": 5}),
    ("model.asked", {"what": "repair", "number": 1, "of": 5}),
    ("candidate.tried", {"number": 1, "of": 5}),
    ("candidate.tried", {"number": 2, "of": 5}),
    ("candidate.refused", {"number": 3, "of": 5}),
    ("candidates.compared", {"agree": 2, "of": 2, "points": 3.0}),
    ("task.waiting", {"reason": "a question"}),
    ("task.goes_on", {"why": "answered"}),
    ("function.approved", VERSION),
    ("function.promoted", VERSION),
    ("run.finished", VERSION | {"seconds": 0.0031, "backend": "wasm"}),
    ("task.done", {}),
)


def test_progress_grows_quietly():
    """Each stage has one line that is written anew, and nothing is told of what is for logs only."""
    assert told(*WAY[:2]) == ["Looking …"]
    assert told(*WAY[:5]) == ["Nothing here does that yet", "Writing the specification …"]
    assert told(*WAY[:10])[-2:] == ["Tests: 9, kept back: 4", "Candidates: 1 of 5 tried, 0 passed …"]
    assert told(*WAY) == [
        "Nothing here does that yet",
        "Specified: `f(x: int) -> int`",
        "Tests: 9, kept back: 4",
        "Candidates: 3 of 5 tried, 2 passed …",
        "2 of 2 candidates agree",
        "`f` 1.0.0 is in production",
        "Ran `f` 1.0.0, 3 ms",
        "Done",
    ]
    assert told(*WAY[:16], language="pl")[-2:] == ["Zgodni kandydaci: 2 z 2", "Czekam na odpowiedź"]


@given(strategies.lists(strategies.sampled_from(WAY), max_size=60))
def test_progress_is_never_long(events):
    """At most eight lines, whatever happens and however often."""
    assert len(told(*events)) <= MOST_LINES


@pytest.mark.parametrize("action", [*LINES, *TRIED, "model.asked"])
@pytest.mark.parametrize("language", ["en", "pl"])
def test_an_event_that_lacks_facts_is_no_fault(action, language):
    """What an older release kept is shown as far as it goes."""
    assert len(told((action, {}), language=language)) <= 1


def test_progress_tells_of_events_that_there_are():
    """Each is one that the terminal knows, too."""
    assert {*LINES, *TRIED} <= set(AT_THE_TERMINAL)


def test_what_others_say_on_the_way_is_data():
    """Reasons and refused asks call nobody."""
    assert told(("task.parked", {"reason": "@all is away"})) == [
        f"Put off: @{JOINER}all is away. I try again by myself …"
    ]
    assert told(("host.refused", VERSION | {"asked": "GET `@all`", "why": "x"})) == [
        f"`f` asked for what it may not have: `GET ‵@{JOINER}all‵`"
    ]
