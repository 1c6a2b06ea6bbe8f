"""The way of a task on real parts: matched, or made and proven; then run, recorded, and found again."""

import json
import socket
import threading

import pytest

from agent.errors import (
    BadArguments,
    BadTask,
    ModelTimedOut,
    NoFunctionFits,
    ProviderUnavailable,
    RunFailed,
)
from agent.loader import load
from agent.ports import Constraints
from agent.types import Origin, Task
from registry import Example, Function, Manifest, NameTaken, Status, UnknownFunction, UnknownVersion

AWAY = ProviderUnavailable("No model server answers at http://127.0.0.1:9.")
NONE = json.dumps({"function": None})
CODE = """```python
def count_vowels(text: str) -> int:
    \"\"\"Count the vowels in a text.

    Args:
        text: The text.
    \"\"\"
    return sum(letter in "aeiou" for letter in text.lower())
```
"""


def wish(text: str, **fields) -> Task:
    """A task with these facts."""
    return Task(text=text, **fields)


def test_a_registered_function_is_matched_and_run(workshop):
    """Words that fit need no model: the value comes with version, commit, score and times, and the run is kept."""
    shop = workshop(functions=["count_words", "slugify"])
    outcome = shop.agent.execute(wish("count words in a text", arguments={"text": "a b"}))
    assert (outcome.value, outcome.function, outcome.version, outcome.origin) == (2, "count_words", "1.0.0", "matched")
    assert outcome.ran
    assert outcome.status == "production"
    assert outcome.chance is not None
    assert outcome.chance >= 0.9
    assert len(outcome.commit) == 40
    assert set(outcome.seconds) == {"match", "arguments", "run"}
    assert (outcome.model, outcome.attempts, outcome.tokens) == ("", (), 0)
    assert shop.teller.requests == []
    assert shop.actions() == ["match.found", "run.finished"]
    (run,) = shop.operations.runs()
    assert (run.id, run.function, run.outcome, run.origin) == (outcome.run_id, "count_words", "ok", "matched")
    assert run.commit == outcome.commit


def test_where_nothing_fits_a_function_is_made_and_found_the_next_time(workshop):
    """Generated, proven, promoted, run; the same wish in its own words needs no model after that."""
    shop = workshop(functions=["slugify"], generate=[CODE], match=[NONE], candidates=1)
    outcome = shop.agent.execute(wish("how many vowels does this text have", arguments={"text": "Adele"}))
    assert (outcome.value, outcome.origin, outcome.status) == (3, Origin.GENERATED, "production")
    assert (outcome.model, outcome.requests, outcome.tokens, len(outcome.attempts)) == ("t/m", 3, 45, 1)
    assert set(outcome.seconds) == {"match", "specify", "generate", "validate", "promote", "arguments", "run"}
    assert shop.actions() == [
        "match.none",
        "model.asked",
        "task.specified",
        "model.asked",
        "tests.written",
        "model.asked",
        "candidate.tried",
        "candidates.compared",
        "function.approved",
        "function.promoted",
        "run.finished",
    ]
    version = shop.registry.get("count_vowels")
    assert version.status is Status.PRODUCTION
    assert version.evidence["verdict"]["passed"]
    assert version.evidence["provenance"]["model"] == "t/m"
    assert version.evidence["provenance"]["task"] == "how many vowels does this text have"
    assert version.evidence["verdict"] == outcome.verdict
    asked = len(shop.teller.requests)
    for words in ("count vowels in a text", "how many vowels does this text have"):
        again = shop.agent.execute(wish(words, arguments={"text": "aa"}))
        assert (again.value, again.origin) == (2, Origin.MATCHED)
    assert len(shop.teller.requests) == asked
    assert [run.origin for run in shop.operations.runs("count_vowels")] == ["matched", "matched", "generated"]


def test_without_a_model_the_error_names_the_server_and_the_way_out(workshop):
    """No function and no model is exit code 3, with the address that was tried and how to start a server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (provider,) = load("integrations.llm", "ollama").open({"host": f"127.0.0.1:{port}"})
    shop = workshop(functions=["count_words"], provider=provider)
    with pytest.raises(NoFunctionFits) as caught:
        shop.agent.execute(wish("fold this letter into a paper plane", arguments={"text": "a"}))
    assert caught.value.exit_code == 3
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "ollama serve" in caught.value.advice
    assert shop.operations.runs() == []


def test_a_stated_example_outranks_a_match(workshop):
    """A function that fits the words and breaks the person's example is not run; what is made takes no words away."""
    specified = {"name": "count_long_words", "description": "Count the words of two letters and more.",
                 "signature": "def count_long_words(text: str) -> int"}  # fmt: skip
    code = CODE.replace("vowels", "long_words").replace(
        'sum(letter in "aeiou" for letter in text.lower())', "sum(len(word) > 1 for word in text.split())"
    )
    rows = {"a bb cc": 2, "": 0, "aa": 1, "one two of x y four": 4, "a b c": 0, "ab cd ef": 3}
    tests = "\n".join(f"def test_{count}_{len(text)}():\n    assert count_long_words({text!r}) == {count}\n"
                      for text, count in rows.items())  # fmt: skip
    shop = workshop(
        functions=["count_words"],
        specify=[json.dumps(specified)],
        test=[f"from function import count_long_words\n\n\n{tests}"],
        generate=[code],
        candidates=1,
    )
    example = Example(arguments={"text": "a bb"}, output=1)
    outcome = shop.agent.execute(wish("count words in a text", arguments={"text": "a bb cc"}, examples=(example,)))
    assert (outcome.value, outcome.function, outcome.origin) == (2, "count_long_words", Origin.GENERATED)
    assert shop.registry.get("count_long_words").function.manifest.examples == (example,)
    for examples in ((Example(arguments={"text": "a bb"}, output=2),), ()):
        matched = shop.agent.execute(wish("count words in a text", arguments={"text": "a"}, examples=examples))
        assert matched.function == "count_words"


def test_missing_arguments_are_read_out_of_the_words_and_checked(workshop):
    """What the task says is taken, what was given wins, and the call is checked like any other."""
    words = "slugify Hello World"
    found = json.dumps({"text": "Hello World", "max_length": "5"})
    shop = workshop(functions=["slugify"], match=['{"function": "slugify"}'], arguments=[found])
    assert shop.agent.execute(wish(words)).value == "hello"
    assert shop.agent.execute(wish(words, arguments={"max_length": 80})).value == "hello-world"
    assert "Hello World" in shop.teller.heard()
    assert shop.teller.asked_for() == ["match", "arguments", "arguments"]


@pytest.mark.parametrize("reply", ['{"text": 5}', '{"txt": "a"}', "{}", "I do not know"])
def test_a_models_arguments_are_never_believed(workshop, reply):
    """Wrong, unknown or no arguments from a model are refused before a sandbox starts."""
    shop = workshop(functions=["slugify"], arguments=[reply])
    with pytest.raises(BadArguments):
        shop.agent.execute(wish("slugify this title"))
    assert shop.operations.runs() == []


@pytest.mark.parametrize("fault", [AWAY, ModelTimedOut("slow")])
def test_without_a_model_the_error_names_what_is_missing(workshop, fault):
    """A person without a model server learns which argument to give, and how."""
    shop = workshop(functions=["slugify"], arguments=[fault])
    with pytest.raises(BadArguments, match=r"needs `text` \(string\)") as caught:
        shop.agent.execute(wish("slugify this title"))
    assert "-a text=" in caught.value.advice


def test_words_become_an_alias_once_a_model_chose_and_the_run_succeeded(workshop):
    """The choice is kept only when it proved right: then the same words need no model."""
    words = "tally words of the novel"
    shop = workshop(functions=["count_words", "slugify"], match=['{"function": "count_words"}'])
    first = shop.agent.execute(wish(words, arguments={"text": "a b c"}))
    assert (first.value, first.model) == (3, "t/m")
    assert shop.teller.asked_for() == ["match"]
    second = shop.agent.execute(wish(words, arguments={"text": "a"}))
    assert (second.value, second.model, second.chance) == (1, "", 1.0)
    assert shop.teller.asked_for() == ["match"]


def test_a_failed_run_confirms_nothing(workshop):
    """A model's choice whose run failed is asked about again."""
    words = "limit it"
    shop = workshop(functions=["slugify", "count_words"], match=['{"function": "slugify"}'])
    task = wish(words, arguments={"text": "a", "max_length": 0})
    for _ in range(2):
        with pytest.raises(RunFailed, match="max_length") as caught:
            shop.agent.execute(task)
    assert shop.teller.asked_for() == ["match", "match"]
    assert caught.value.exit_code == 5
    assert caught.value.facts["kind"] == "exception"
    assert "function.py" in caught.value.facts["traceback"]
    assert [run.outcome for run in shop.operations.runs()] == ["exception", "exception"]


@pytest.mark.parametrize("reply", ['{"function": "rm_rf"}', '{"function": "slugify"}', "", "count_words", NONE])
def test_only_an_offered_name_counts_as_a_choice(workshop, reply):
    """A model that names something else, or nothing readable, has chosen none."""
    shop = workshop(functions=["count_words"], match=[reply], specify=[AWAY])
    with pytest.raises(NoFunctionFits):
        shop.agent.execute(wish("tally words of the novel", arguments={"text": "a"}))
    assert shop.teller.asked_for() == ["match", "specify"]


def test_what_a_task_demands_holds_for_all_that_is_asked_for_it(workshop):
    """A task that wants the cloud gets no answer from a server at home, for whatever it is asked."""
    shop, cloud = workshop(functions=["slugify"]), Constraints(force_cloud=True)
    for work in (shop.agent.execute, shop.agent.create, lambda task: shop.agent.enhance("slugify", task)):
        with pytest.raises(NoFunctionFits, match="force_cloud"):
            work(wish("fold a paper plane", constraints=cloud))
    assert shop.teller.requests == []


def test_a_named_function_runs_without_matching(workshop):
    """By its name, in the version that is named or the one in production; unknown ones are named."""
    shop = workshop(functions=["count_words"])
    task = Task(text="", positional=("a b",))
    assert shop.agent.run("count_words", task).value == 2
    assert shop.agent.run("count_words", task, version="1.0.0").origin is Origin.NAMED
    with pytest.raises(UnknownFunction):
        shop.agent.run("no_such_function", task)
    with pytest.raises(UnknownVersion):
        shop.agent.run("count_words", task, version="9.9.9")
    with pytest.raises(BadArguments, match="needs `text`"):
        shop.agent.run("count_words", Task(text=""))


def test_a_preview_runs_nothing_and_asks_nobody(workshop):
    """It says which function would run, or none."""
    shop = workshop(functions=["count_words"])
    assert shop.agent.preview(wish("count words in a text")).chosen.name == "count_words"
    assert shop.agent.preview(wish("fold a paper plane")).chosen is None
    assert shop.teller.requests == []
    assert shop.operations.runs() == []
    with pytest.raises(BadTask):
        shop.agent.preview(wish("   "))


def test_a_quarantined_function_is_not_matched(workshop):
    """What was taken out of use is not run for anybody's words, and not under a confirmed alias either."""
    shop = workshop(functions=["count_words"], specify=[AWAY], match=[NONE])
    shop.operations.learn("count my words", "count_words", "Ann")
    assert shop.agent.execute(wish("count my words", arguments={"text": "a"})).value == 1
    shop.registry.quarantine("count_words", by="Ann", reason="wrong")
    for words in ("count my words", "count words in a text"):
        with pytest.raises(NoFunctionFits):
            shop.agent.execute(wish(words, arguments={"text": "a"}))


def test_a_quarantined_version_is_not_run_by_name(workshop):
    """Who names it learns that it is kept from running."""
    shop = workshop(functions=["count_words"])
    shop.registry.quarantine("count_words", by="Ann", reason="wrong")
    for version in (None, "1.0.0"):
        with pytest.raises(RunFailed, match="quarantined") as caught:
            shop.agent.run("count_words", Task(text="", positional=("a b",)), version=version)
        assert "history count_words" in caught.value.advice
    assert shop.operations.runs() == []


def test_two_threads_execute_at_once(workshop):
    """Each gets the answer to its own question, and all runs are kept."""
    shop = workshop(functions=["count_words"])
    answers: dict[int, list[int]] = {}

    def work(number: int) -> None:
        task = wish("count words in a text", arguments={"text": "a " * number})
        answers[number] = [shop.agent.execute(task).value for _ in range(5)]

    threads = [threading.Thread(target=work, args=(number,)) for number in (3, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == {3: [3] * 5, 7: [7] * 5}
    assert len(shop.operations.runs()) == 10


def test_argument_values_are_not_written_down(workshop):
    """Runs and attempts keep the wish and the outcome; other people's data is not in the database."""
    secret = "geheim-4711"
    shop = workshop(functions=["count_words"], generate=[CODE], match=[NONE], candidates=1)
    shop.agent.execute(wish("count words in a text", arguments={"text": secret}))
    shop.agent.execute(wish("number of vowels", arguments={"text": secret}))
    kept = f"{shop.operations.runs()} {shop.operations.attempts()} {shop.registry.get('count_vowels').evidence}"
    assert secret not in kept
    assert secret not in shop.teller.heard()
    assert secret not in str(shop.events)


def test_a_name_taken_while_the_model_wrote_is_not_taken_over(workshop):
    """Another process registers the name meanwhile: its function stays, and the task may be repeated."""
    theirs = function_named("count_vowels")
    shop = workshop(match=[NONE], generate=[CODE], candidates=1)
    asked = shop.teller.complete

    def slow(request):
        reply = asked(request)
        if request.purpose.value == "generate":
            shop.put(theirs)
        return reply

    shop.teller.complete = slow
    with pytest.raises(NameTaken) as caught:
        shop.agent.execute(wish("how many vowels are there", arguments={"text": "Adele"}))
    assert caught.value.retryable
    assert shop.registry.get("count_vowels").function.source == theirs.source
    assert shop.registry.check() == []
    assert len(shop.operations.attempts()) == 3


def function_named(name: str) -> Function:
    """Another function of that name."""
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    manifest = Manifest(name=name, description="Something else.", input_schema=schema)
    return Function(manifest=manifest, source=f"def {name}(x: int) -> int:\n    return x\n", tests="")
