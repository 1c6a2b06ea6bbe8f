"""How functions are made: specified, written, mended, refused, kept, enhanced; and how far each goes by itself."""

import json

import pytest

from agent.errors import BadArguments, NoFunctionFits, NotPromoted, ProviderUnavailable, RunFailed, Undecided
from agent.making.budget import Budget
from agent.making.candidates import MEND_ROUNDS
from agent.making.models import Models
from agent.ports import ModelReply
from agent.prompting import prompt_version
from agent.types import Task
from agent.validator import GATE
from registry import Example, Status

AWAY = ProviderUnavailable("No model server answers.")
CODE = '''def count_vowels(text: str) -> int:
    """Count the vowels in a text.

    Args:
        text: The text.
    """
    return sum(letter in "aeiou" for letter in text.lower())
'''
OTHER = '''def count_vowels(text: str) -> int:
    """Count the letters of a text that are vowels."""
    found = 0
    for letter in text:
        if letter in "aeiouAEIOU":
            found += 1
    return found
'''
WRONG = CODE.replace("aeiou", "aeio")
CASED = CODE.replace(".lower()", "")
CASED_TOO = OTHER.replace("AEIOU", "")
KEEN = '''def count_vowels(text: str) -> int:
    """Count the vowels in a text."""
    if len(text) > 100:
        return sum(letter in "aeiou" for letter in text.lower()) + len(text) * 0 - 1 + 1
    if len(text) > 50 or text.startswith("  "):
        return sum(letter in "aeiou" for letter in text.lower()) * 2 // 2
    return sum(letter in "aeiou" for letter in text.lower())
'''
"""Borders that the usual tests do not meet."""
ROWS = {"adele": 3, "xyz": 0, "education": 5, "ouija": 4, "banana boat": 5, "u": 1, "Ab": 1}
TASK = Task(text="count the vowels", arguments={"text": "Adele"})
PINNED = Task(text="count the vowels", examples=(Example(arguments={"text": "u"}, output=1),))


def fenced(code: str) -> str:
    """A model's reply that holds a module."""
    return f"Here it is.\n\n```python\n{code}```\n"


def specified(**changed: object) -> str:
    """A model's specification."""
    fields = {"name": "count_vowels", "description": "Count the vowels in a text.",
              "signature": "def count_vowels(text: str) -> int"}  # fmt: skip
    return json.dumps(fields | changed)


def suite(rows: dict[str, int]) -> str:
    """A model's tests: one a row."""
    tests = "\n\n".join(f"def test_{number}():\n    assert count_vowels({text!r}) == {count}\n"
                        for number, (text, count) in enumerate(rows.items()))  # fmt: skip
    return f"from function import count_vowels\n\n\n{tests}"


def prompts(*names: str) -> str:
    """These prompts with their versions, as a provenance names them."""
    return " ".join(map(prompt_version, names))


def checks(version) -> dict:
    """The checks in a version's evidence, by name."""
    return {check["check"]: check for check in version.evidence["verdict"]["checks"]}


# --- candidates


def test_right_candidates_that_agree_get_in_with_one_request_each(workshop):
    """Two that are written differently and behave alike are the evidence; git holds all that led to the verdict."""
    shop = workshop(generate=[fenced(CODE), fenced(OTHER)])
    outcome = shop.agent.execute(TASK)
    assert (outcome.value, outcome.requests) == (3, 4)
    assert shop.teller.asked_for() == ["specify", "test", "generate", "generate"]
    version = shop.registry.get("count_vowels")
    agreed = checks(version)["agreement"]
    assert (agreed["passed"], agreed["evidence"]["alike"]) == (True, 2)
    assert list(checks(version)) == [result["check"] for result in outcome.verdict["checks"]]
    assert len(checks(version)) == len(GATE)
    evidence = version.evidence
    assert evidence["specification"]["signature"] == "def count_vowels(text: str) -> int"
    assert [rival["source"] for rival in evidence["rivals"]] == [OTHER]
    assert evidence["answers"] == []
    provenance = evidence["provenance"]
    assert (provenance["task"], provenance["attempts"], provenance["refused"]) == (TASK.text, 2, [])
    assert provenance["server"] == "teller"
    assert provenance["prompts"] == prompts("generate", "specified", "code")
    assert provenance["authors"] == {
        "specification": f"t/m on teller {prompts('specify', 'packages', 'task')}",
        "tests": f"t/m on teller {prompts('test', 'specified')}",
    }


def test_a_refused_candidate_is_mended_from_its_findings(workshop):
    """The model hears what was found, the second version passes, and every reply is kept."""
    shop = workshop(generate=[fenced(WRONG)], repair=[fenced(CODE)], candidates=1)
    outcome = shop.agent.execute(TASK)
    assert outcome.value == 3
    assert [attempt.verdict.passed for attempt in outcome.attempts] == [False, True]
    assert (outcome.requests, outcome.tokens) == (4, 60)
    told = shop.teller.requests[-1].messages[-1].content
    assert WRONG in told
    assert "test_each failed" in told
    rows = shop.operations.attempts()[::-1]
    assert [row.purpose for row in rows] == ["specify", "test", "generate", "repair"]
    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert [row.verdict["passed"] for row in rows] == [True, True, False, True]
    assert (rows[2].source, rows[3].source, rows[2].reply) == (WRONG, CODE, fenced(WRONG))
    assert (rows[2].provider, rows[2].model, rows[2].tokens_in, rows[2].tokens_out) == ("t", "m", 10, 5)
    provenance = shop.registry.get("count_vowels").evidence["provenance"]
    assert provenance["attempts"] == 2
    assert {row.task_id for row in rows} == {provenance["task_id"]}
    assert provenance["prompts"] == prompts("generate", "specified", "code", "repair")
    assert len(provenance["refused"]) == 1
    (refused,) = [event for event in shop.events if event.action == "candidate.refused"]
    assert refused.facts["why"] == provenance["refused"][0]
    assert refused.facts["findings"]


def test_each_request_has_a_seed_of_its_own(workshop):
    """The same question is not answered the same way twice for want of chance."""
    shop = workshop(generate=["prose"], candidates=2)
    with pytest.raises(NotPromoted):
        shop.agent.execute(TASK)
    seeds = [request.seed for request in shop.teller.requests if request.purpose.value == "generate"]
    assert len(set(seeds)) == len(seeds) == 2 * (1 + MEND_ROUNDS)


def test_identical_candidates_count_as_one(workshop):
    """Saying the same thing twice, but for a comment and spaces, is no agreement."""
    shop = workshop(generate=[fenced(CODE), fenced(CODE.replace("return sum(", "return sum(  # all\n        "))])
    shop.agent.execute(TASK)
    version = shop.registry.get("count_vowels")
    assert checks(version)["agreement"]["evidence"]["alike"] == 1
    assert version.evidence["rivals"] == []


def test_mending_is_bounded_and_ends_in_an_honest_failure(workshop):
    """No candidate passed: exit code 4, the findings, and where all replies are; the registry is as it was."""
    shop = workshop(generate=[fenced(WRONG)], repair=[fenced(WRONG)], candidates=1)
    with pytest.raises(NotPromoted, match=f"{1 + MEND_ROUNDS} candidates were made") as caught:
        shop.agent.execute(PINNED)
    error = caught.value
    assert (type(error), error.exit_code) == (NotPromoted, 4)
    assert "must give 1, not 0" in str(error.facts["findings"])
    assert error.facts["task_id"] in error.kept
    assert "--example" in error.advice
    assert len(shop.operations.attempts(error.facts["task_id"])) == 3 + MEND_ROUNDS
    assert shop.registry.list() == []
    assert shop.actions().count("candidate.refused") == 1 + MEND_ROUNDS
    assert "run.finished" not in shop.actions()


@pytest.mark.parametrize(("requests", "asked"), [(1, 1), (2, 2), (3, 3), (4, 4)])
def test_the_budget_ends_the_work(workshop, requests, asked):
    """Not one request more is made than the operator allows, and the error says that this was the reason."""
    shop = workshop(generate=[fenced(WRONG)], repair=[fenced(WRONG)], candidates=2, budget=Budget(requests=requests))
    with pytest.raises(NotPromoted, match=f"budget of {requests} requests"):
        shop.agent.execute(PINNED)
    assert len(shop.teller.requests) == len(shop.operations.attempts()) == asked
    assert shop.registry.list() == []


def test_stronger_models_are_asked_where_the_others_did_not_do(workshop):
    """After the last round of mending each place that did not pass goes to a stronger model, once."""
    models = Models(generate=("small",), stronger=("large",))
    shop = workshop(generate=[fenced(WRONG), fenced(CODE)], repair=[fenced(WRONG)], candidates=1, models=models)
    outcome = shop.agent.execute(TASK)
    assert outcome.value == 3
    asked = [(request.purpose.value, request.model) for request in shop.teller.requests][2:]
    assert asked == [("generate", "small"), *[("repair", "small")] * MEND_ROUNDS, ("generate", "large")]


# --- replies


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "empty"),
        ("I am sorry, I cannot.", "holds no Python code"),
        ("<think>hm", "thinking"),
        (fenced(CODE)[:150], "cut off"),
        ("prose { " * 250_000, "holds no Python code"),
        (fenced("def count_vowels(text: str -> int:\n"), "line 1"),
        (fenced(CODE.replace("count_vowels", "vowels")), "vowels"),
        (fenced(CODE.replace("text: str", "text: str, also: str = ''")), "was announced with `text`"),
        (fenced(CODE.replace("-> int", "-> float")), "is specified"),
        (fenced(CODE.replace("text: str", "text: Literal[()]")), "no JSON form"),
        (json.dumps({"code": CODE.replace("Count the", "Count \ud800 the")}), "surrogates"),
        ("\ud800", ""),
        ("\x00", ""),
        (fenced("x" * 300_000 + "\n\n\ndef count_vowels(text: str) -> int: ...\n"), ""),
        (fenced("(" * 5_000 + "\ndef f(): pass\n"), ""),
        (fenced(CODE + "\n\n" + "class A:\n    " * 90), ""),
        (fenced(CODE.replace("return", "import os\n    os.system('id')\n    open('/etc/hostname')\n    return")), ""),
    ],
    ids=["empty", "prose", "thinking", "cut", "two megabytes", "syntax", "name", "parameter", "result", "type",
         "surrogate", "half", "null", "long", "deep", "classes", "reaching"],
)  # fmt: skip
def test_a_bad_reply_is_a_finding_and_an_attempt(workshop, reply, why):
    """Whatever a model writes for code costs a request and ends in an honest failure, each reply kept as it came."""
    shop = workshop(generate=[reply], repair=[reply], candidates=1, budget=Budget(requests=4))
    with pytest.raises(NotPromoted) as caught:
        shop.agent.execute(TASK)
    assert why in str(caught.value.facts["findings"])
    assert caught.value.facts["findings"]
    rows = shop.operations.attempts(caught.value.facts["task_id"])
    assert [row.number for row in rows] == [4, 3, 2, 1]
    kept = reply.encode(errors="replace").decode().replace("\0", "\N{SYMBOL FOR NULL}")  # what every database takes
    assert all(row.reply == kept for row in rows[:2])
    assert shop.registry.list() == []
    assert shop.registry.check() == []


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("I would call it count_vowels.", "no JSON object"),
        (specified(name="print"), "means something else"),
        (specified(name="count_words"), "taken"),
        (specified(signature="count the vowels"), "signature"),
        (specified(signature="def count_vowels(text) -> int"), "`text` has no type"),
        (specified(signature="def count_vowels(document: str) -> int"), "the caller's call would fail"),
        (specified(examples=[{"in": {"document": "a"}, "out": 1}]), "does not fit the signature"),
        (specified(properties=[{"name": "x", "holds": "result >"}]), "no Python expression"),
    ],
)
def test_an_unusable_specification_is_sent_back_and_then_ends_the_task(workshop, reply, why):
    """Its author hears what is wrong; after three tries the task ends, and nobody has written tests or code to it."""
    shop = workshop(functions=["count_words"], specify=[reply], match=['{"function": null}'])
    before = shop.registry.list()
    with pytest.raises(NotPromoted, match="usable specification in 3 tries") as caught:
        shop.agent.create(TASK)
    assert why in str(caught.value.facts["findings"])
    assert shop.teller.asked_for() == ["specify"] * 3
    assert why in shop.teller.requests[-1].messages[-1].content
    assert len(shop.operations.attempts(caught.value.facts["task_id"])) == 3
    assert shop.registry.list() == before


def test_a_good_reply_after_a_bad_one_is_taken(workshop):
    """One unreadable reply of each kind does not end the task."""
    cut = ModelReply(text=specified()[:50], provider="t", model="m", truncated=True)
    shop = workshop(specify=[cut, specified()], test=["prose", suite(ROWS)], generate=["prose", fenced(CODE)],
                    candidates=1)  # fmt: skip
    assert shop.agent.execute(TASK).value == 3
    assert shop.teller.asked_for() == ["specify", "specify", "test", "test", "generate", "generate"]
    first = shop.operations.attempts()[-1]
    assert "length limit" in first.verdict["results"][0]["findings"][0]


@pytest.mark.parametrize(
    "words",
    [{"specify": [AWAY]}, {"test": [AWAY]}, {"generate": [AWAY]}, {"generate": [fenced(WRONG)], "repair": [AWAY]}],
)
def test_a_model_that_goes_away_ends_the_task_and_keeps_the_attempts(workshop, words):
    """What was tried until then is named in the error."""
    shop = workshop(candidates=1, **words)
    with pytest.raises(NoFunctionFits) as caught:
        shop.agent.execute(TASK)
    assert (type(caught.value), caught.value.exit_code) == (NoFunctionFits, 3)
    rows = shop.operations.attempts()
    assert all(row.task_id in caught.value.kept for row in rows)
    assert len(rows) == len(shop.teller.requests) - 1


# --- tests


def test_a_test_that_nobody_passes_is_left_out_and_named(workshop):
    """Two that agree and are not mended outweigh one test; the evidence says which one it was."""
    shop = workshop(specify=[specified()], test=[suite(ROWS | {"Ab": 2})], generate=[fenced(CODE), fenced(OTHER)],
                    repair=[fenced(CODE), fenced(OTHER)] * MEND_ROUNDS)  # fmt: skip
    shop.agent.execute(TASK)
    version = shop.registry.get("count_vowels")
    assert checks(version)["agreement"]["evidence"]["suspect_tests"] == ["test_6"]
    assert checks(version)["green"]["evidence"] == {"tests": 6, "passed": 6, "failed": []}
    assert "test_6" not in version.function.tests
    assert "test_5" in version.function.tests


@pytest.mark.parametrize(
    ("sources", "families"),
    [((CASED,), ("m",)), ((CASED, CASED_TOO, CODE), ("gpt", "qwen", "claude"))],
    ids=["alone", "another one passes it"],
)
def test_a_test_is_not_left_out_on_one_side_s_word(workshop, sources, families):
    """One candidate alone, or several against one that passes the test, do not decide which is wrong: a person does."""
    replies = [ModelReply(text=fenced(source), provider="t", model=model)
               for source, model in zip(sources, families, strict=True)]  # fmt: skip
    shop = workshop(specify=[specified()], test=[suite(ROWS)], generate=replies,
                    repair=replies[:2] * MEND_ROUNDS, candidates=len(replies))  # fmt: skip
    with pytest.raises(Undecided):
        shop.agent.execute(TASK)
    (question,) = shop.operations.questions()
    assert any(letter.isupper() for letter in question.arguments["text"])
    assert shop.registry.list() == []


def test_most_of_a_suite_is_never_left_out(workshop):
    """Where all fail half of the tests or more, it is the candidates that are not promoted."""
    rows = {text: count + 5 for text, count in list(ROWS.items())[:4]} | dict(list(ROWS.items())[4:])
    shop = workshop(specify=[specified()], test=[suite(rows)], generate=[fenced(CODE), fenced(OTHER)],
                    repair=[fenced(CODE), fenced(OTHER)] * MEND_ROUNDS)  # fmt: skip
    with pytest.raises(NotPromoted):
        shop.agent.execute(TASK)
    assert shop.registry.list() == []


def test_weak_tests_are_written_again_once_by_somebody_who_sees_no_code(workshop):
    """Where small faults go unnoticed the tests' author hears that, and never the code; the old tests stay."""
    more = suite({"a" * 101: 101, "e" * 51: 51, "  e": 1, "a" * 50: 50, "e" * 100: 100, "  i" * 40: 40})
    shop = workshop(specify=[specified()], test=[suite(ROWS), more.replace("test_", "test_long_")],
                    generate=[fenced(KEEN)], candidates=1)  # fmt: skip
    outcome = shop.agent.execute(TASK)
    assert outcome.value == 3
    assert shop.teller.asked_for() == ["specify", "test", "generate", "test"]
    heard = "\n".join(message.content for message in shop.teller.requests[-1].messages)
    assert "pass unnoticed" in heard
    assert "startswith" not in heard
    tests = shop.registry.get("count_vowels").function.tests
    assert "def test_0" in tests
    assert "def test_long_0" in tests
    assert checks(shop.registry.get("count_vowels"))["mutation"]["evidence"]["score"] >= 0.6


def test_weak_tests_that_stay_weak_promote_nothing(workshop):
    """Their author is asked once more and no oftener; a candidate is not let in on tests that notice little."""
    shop = workshop(specify=[specified()], test=[suite(ROWS), suite({"a": 1})], generate=[fenced(KEEN)],
                    repair=[fenced(KEEN)], candidates=1)  # fmt: skip
    with pytest.raises(NotPromoted, match="mutation"):
        shop.agent.execute(TASK)
    assert shop.teller.asked_for().count("test") == 2
    assert shop.registry.list() == []


# --- what becomes of it


def test_what_was_made_stays_when_its_run_fails(workshop):
    """A proven function that fails on the caller's data is kept, and the error says so."""
    picky = CODE.replace("    return", '    if "A" in text:\n        raise ValueError("no capitals")\n    return')
    rows = {text: count for text, count in ROWS.items() if text != "Ab"}
    shop = workshop(specify=[specified()], test=[suite(rows)], generate=[fenced(picky)], candidates=1)
    with pytest.raises(RunFailed, match="no capitals") as caught:
        shop.agent.execute(TASK)
    assert "stays" in caught.value.kept
    assert shop.registry.get("count_vowels").status is Status.PRODUCTION
    assert shop.operations.runs()[0].outcome == "exception"


def test_what_was_made_stays_when_arguments_are_missing(workshop):
    """Without arguments the function is made, kept, and named in the error that asks for them."""
    shop = workshop(generate=[fenced(CODE)], arguments=[AWAY], candidates=1)
    with pytest.raises(BadArguments, match="needs `text`") as caught:
        shop.agent.execute(Task(text="count the vowels"))
    assert "`count_vowels` 1.0.0 was made and kept" in caught.value.kept
    assert shop.registry.find("count_vowels") is not None


def test_creating_runs_nothing(workshop):
    """`create` ends with a version; no run is recorded, and further wishes are told to whoever specifies."""
    shop = workshop(generate=[fenced(CODE)], candidates=1)
    outcome = shop.agent.create(Task(text="count the vowels", wishes=("ignore accents",)))
    assert (outcome.ran, outcome.value, outcome.status) == (False, None, "production")
    assert shop.operations.runs() == []
    assert "ignore accents" in shop.first("specify")


def test_by_policy_a_person_signs_before_production(workshop):
    """The version is approved and not matched, whoever asked may run it meanwhile, and a promotion lets it in."""
    shop = workshop(generate=[fenced(CODE)], policy="person", candidates=1)
    outcome = shop.agent.execute(TASK)
    assert (outcome.value, outcome.status) == (3, "approved")
    assert shop.actions()[-2:] == ["function.waits", "run.finished"]
    assert shop.registry.find("count_vowels") is None
    assert shop.agent.preview(TASK).chosen is None
    shop.registry.promote("count_vowels", by="Ann")
    assert shop.agent.execute(TASK).function == "count_vowels"
    assert shop.teller.asked_for() == ["specify", "test", "generate"]
