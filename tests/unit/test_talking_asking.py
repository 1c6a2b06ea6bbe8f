"""How people are asked in a chat: for an answer, a function, arguments, an approval."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from agent.questions import Asked, Choice, Said
from agent.talking.asking import Wish, approval_of, missing_of, question_of, which_of
from agent.talking.describing import from_schemas, signature_of
from agent.talking.marking import JOINER
from registry import Difference, Function, Manifest, Status, Version, read_export

LIBRARY = Path(__file__).parents[2] / "functions"
FUNCTION = read_export(LIBRARY / "csv_group_sum")
PASSED = {"passed": True, "checks": [{"check": "green", "evidence": {"tests": 9}}]}
ASKED = Asked(
    task="next payday",
    function="next_paydays",
    arguments={"start": "2026-11-30", "note": "@all"},
    choices=(
        Choice(said=Said(value=["2026-11-30"]), candidates=(1, 3)),
        Choice(said=Said(value="`[x](https://evil.example)`"), candidates=(2,)),
        Choice(said=Said(raises=True), candidates=()),
    ),
)


def version(function: Function = FUNCTION, **changed: object) -> Version:
    """A version that may be signed."""
    facts = {
        "function": function,
        "commit": "0" * 40,
        "status": Status.APPROVED,
        "version": "1.1.0",
        "evidence": {"verdict": PASSED},
    }
    return Version(**(facts | changed))


def small(source: str = "def f(x: int) -> int:\n    return x\n", **changed: object) -> Function:
    """A function of two lines."""
    facts = {
        "name": "f",
        "description": "Give it back.",
        "input_schema": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
        "output_schema": {"type": "integer"},
    }
    return Function(manifest=Manifest(**(facts | changed)), source=source, tests="")


def test_a_question_has_the_call_and_numbered_answers():
    """The concrete input, each answer with who gives it, and how to answer; values are data."""
    assert question_of(ASKED, "en").splitlines() == [
        f'For `start = "2026-11-30", note = "@{JOINER}all"`: what must `next_paydays` give?',
        '1. `["2026-11-30"]` (candidates: 2)',
        '2. `"‵[x](https://evil.example)‵"` (candidates: 1)',
        "3. an error (a test)",
        "Answer with a number, with the right value as JSON after `=`, or with `error`.",
    ]
    polish = question_of(replace(ASKED, arguments={}), "pl").splitlines()
    assert polish[0] == "Dla braku argumentów: co ma dać `next_paydays`?"
    assert polish[3] == "3. błąd (test)"


def test_long_values_of_a_question_are_cut_and_say_so():
    """A question fits into a message."""
    long = replace(ASKED, arguments={f"a{number}": "x" * 5000 for number in range(9)})
    told = question_of(long, "en")
    assert "(5,002 characters)" in told
    assert len(told) < 2500


def test_which_function_is_meant_is_asked_by_number():
    """Names with what each does, as far as it is known."""
    assert which_of({"csv_group_sum": "Total @all.", "slugify": ""}, "en").splitlines() == [
        "Which one is meant?",
        f"1. `csv_group_sum` – `Total @{JOINER}all.`",
        "2. `slugify`",
        "Say its number or its name, or `none`: then I make one.",
    ]


def test_what_is_missing_is_asked_for_with_its_type():
    """One is taken whole, several on lines of their own."""
    schema = FUNCTION.manifest.input_schema
    one = missing_of(["text"], schema, "en").splitlines()
    assert one[0] == "I need `text` (`string`): `The CSV text, with a header row.`."
    assert len(one) == 2
    several = missing_of(["group_by", "value"], schema, "pl").splitlines()
    assert several[0].startswith("Potrzebuję: `group_by` (`string`)")
    assert several[-4:] == ["```", "group_by = …", "value = …", "```"]
    assert missing_of(["x"], {}, "en").startswith("I need `x`.")


def test_an_approval_shows_what_matters_to_whoever_signs():
    """What it does, signature, example, reach, packages, evidence, code, digest, and how to say yes or no."""
    wanted = version(small(examples=[{"in": {"x": 1}, "out": 1}]))
    answer = approval_of(Wish(version=wanted), "en")
    assert answer.text.splitlines() == [
        "**f** 1.1.0 wants to go into production",
        "does: `Give it back.`",
        "signature: `f(x: int) -> int`",
        "for example: `f(x=1) → 1`",
        "may reach: nothing",
        "packages: none",
        "evidence: 9 tests",
        "code:",
        "```python",
        "def f(x: int) -> int:",
        "    return x",
        "```",
        f"signed is exactly `{wanted.digest[:12]}`",
        "👍 to approve, 👎 to reject, expires in 7 days",
    ]
    assert answer.files == {}


def test_what_it_may_reach_and_what_it_asks_for_is_named():
    """Each grant and package; what the policy leaves to a person stands out."""
    function = small(grants=["http GET api.nbp.pl"], requirements=["idna==3.10"])
    near = {"name": "g", "version": "1.0.0", "agree": 9, "of": 10}
    evidence = {"packages": [{"name": "idna", "version": "3.10"}], "near": near}
    wish = Wish(
        version=version(function, evidence=evidence), asks=("http GET api.nbp.pl", "package idna==3.10"), days=3
    )
    lines = approval_of(wish, "pl").text.splitlines()
    assert lines[3:9] == [
        "dostęp: `http GET api.nbp.pl`",
        "pakiety: `idna 3.10`",
        "dowody: żadnych nie zapisano",
        "prosi Cię o: `http GET api.nbp.pl`, `package idna==3.10`",
        "`g` 1.0.0 robi to samo dla 9 z 10 danych",
        "kod:",
    ]
    assert lines[-1] == "👍 zatwierdza, 👎 odrzuca, ważne 3 dni"


def test_a_new_version_shows_what_changed():
    """The answers that change come above the code that does; the whole code is in a file."""
    before = version(small(), version="1.0.0")
    after = version(small("def f(x: int) -> int:\n    return x + 1  # @all\n"))
    facts = {"function": "f", "old": "1.0.0", "new": "1.1.0"}
    found = [Difference(**facts, arguments={"x": x}, before=x, after=x + 1) for x in range(5)]
    answer = approval_of(Wish(version=after, before=before, differences=found), "en")
    assert answer.text.splitlines()[0] == "**f** 1.1.0 wants to go into production (instead of 1.0.0)"
    assert 'answers that change: 5\n• `{"x": 0} → 0 → 1`\n' in answer.text
    assert "and 2 more\nchanges since 1.0.0:\n```diff\n--- 1.0.0\n+++ 1.1.0\n" in answer.text
    assert f"+    return x + 1  # @{JOINER}all" in answer.text
    assert answer.files == {"f-1.1.0.py": after.function.source.encode()}
    back = approval_of(Wish(version=before, before=after, kind="rollback"), "en").text
    assert back.startswith("**f** shall go back to 1.0.0 in production (instead of 1.1.0)")


def test_code_that_a_message_cannot_show_exactly_is_a_file():
    """Long code is a file alone; a block in which a sign was broken has the very code beside it."""
    answer = approval_of(Wish(version=version()), "en")
    name = "csv_group_sum-1.1.0.py"
    assert answer.files[name] == FUNCTION.source.encode()
    assert f"code: in the file `{name}`" in answer.text
    decorated = small("@staticmethod\ndef f(x: int) -> int:\n    return x\n")
    shown = approval_of(Wish(version=version(decorated)), "en")
    assert f"@{JOINER}staticmethod" in shown.text
    assert shown.files == {"f-1.1.0.py": decorated.source.encode()}
    long = replace(decorated, source=decorated.source + "# more\n" * 300)
    change = approval_of(Wish(version=version(long), before=version(decorated, version="1.0.0")), "en")
    assert list(change.files) == ["f-1.1.0.py", "f-1.1.0.diff"]


def test_an_approval_fits_into_a_message():
    """Where much is to be told, the code is what goes into a file; nothing of the grants is left out."""
    grants = [f"http GET {'h' * 180}{number}.example" for number in range(16)]
    function = small("def f(x: int) -> int:\n" + "    # a line of it\n" * 30 + "    return x\n", grants=grants)
    long = {"examples": [{"in": {"x": "x" * 5000}, "out": "y" * 5000}], "description": "d" * 5000}
    wanted = version(replace(function, manifest=function.manifest.model_copy(update={"description": "d" * 5000})))
    answer = approval_of(Wish(version=wanted), "en")
    assert len(answer.text) < 5000
    assert all(grant in answer.text for grant in grants)
    assert list(answer.files) == ["f-1.1.0.py"]
    assert len(approval_of(Wish(version=version(small(**long))), "pl").text) < 5000


@pytest.mark.parametrize("text", ["@all", "```\n@all\n```", "[x](https://evil.example)", "x\n👍 @here"])
def test_what_a_model_wrote_calls_nobody(text):
    """The description, the example, and the code."""
    function = small(f'def f(x: int) -> int:\n    """{text}"""\n    return x\n', description=text,
                     examples=[{"in": {"x": text}, "out": text}])  # fmt: skip
    told = approval_of(Wish(version=version(function)), "en").text
    assert re.findall(r"(?:^|\s|>)@[\w.-]+", told, re.MULTILINE) == []
    assert told.count("👍 to approve") == 1


def test_a_signature_that_cannot_be_read_is_made_of_the_schemas():
    """Nothing is shown that is not known."""
    broken = version(small("def f(x"))
    assert signature_of(broken) == from_schemas(broken.function.manifest) == "f(x: integer) -> integer"
    assert signature_of(version()).startswith("csv_group_sum(text: str, group_by: str, value: str")
