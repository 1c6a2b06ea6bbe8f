"""The gate over both real sandboxes: what differs is found, and what one cannot run is proven in the other alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.checks import second_sandbox
from agent.checks.trial import Trial
from agent.sandboxes import Sandboxes
from agent.source.signature import read_signature
from agent.types import CheckResult, Task, Verdict
from agent.validator import evidence_of, validate
from agent.verifier import verify
from registry import Example, Function, Manifest, Status, Version
from sandbox import Limits, SandboxUnavailable, Script

PLAIN = '''def double(x: int) -> int:
    """Twice x."""
    return 2 * x
'''
THREADED = '''from concurrent.futures import ThreadPoolExecutor


def double(x: int) -> int:
    """Twice x, each half by a thread of its own."""
    with ThreadPoolExecutor() as workers:
        return sum(workers.map(int, [x, x]))
'''
PIPED = '''import os


def double(x: int) -> int:
    """Twice x, as the shell works it out."""
    with os.popen(f"echo $((2 * {x}))") as answer:
        return int(answer.read())
'''
ZONED = '''from datetime import datetime
from zoneinfo import ZoneInfo


def double(x: int) -> int:
    """Twice x, by the clock of Greenwich."""
    return int(datetime.fromtimestamp(2 * x, ZoneInfo("Europe/London")).timestamp())
'''
ASKING = '''import kowal_host as host


async def double(x: int) -> int:
    """X times what a server says."""
    answer = await host.http.get("https://api.example.org/twice")
    return answer.json() * x
'''
WORD_SIZED = '''import sys


def double(x: int) -> int:
    """Twice x, or a large number."""
    if x > 5:
        return sys.maxsize
    return 2 * x
'''
TESTS = "from function import double\n\n\n" + "".join(
    f"def test_{number}():\n    assert double({number}) == {2 * number}\n\n\n" for number in range(6)
)


def function(source: str = PLAIN, tests: str = TESTS) -> Function:
    """A function that doubles, or is said to."""
    read = read_signature(source)
    manifest = Manifest(name="double", description="Doubles.", input_schema=read.input_schema,
                        output_schema=read.output_schema,
                        examples=(Example(arguments={"x": 4}, output=8),))  # fmt: skip
    return Function(manifest=manifest, source=source, tests=tests)


def trial(sandboxes: Sandboxes, source: str = PLAIN, tests: str = TESTS) -> Trial:
    """The function before these sandboxes."""
    made = function(source, tests)
    return Trial(
        function=made, sandbox=sandboxes.for_proof(made), second=sandboxes.second(made), task=Task(text="double")
    )


def version(sandboxes: Sandboxes, source: str = PLAIN) -> Version:
    """The function with the evidence that these sandboxes give."""
    verdict = validate(trial(sandboxes, source))
    assert verdict.passed, verdict.findings
    return Version(function=function(source), commit="c" * 40, status=Status.PRODUCTION, version="1.0.0",
                   evidence=evidence_of(verdict, {"source": "test"}))  # fmt: skip


def last(verdict: Verdict) -> CheckResult:
    """The check on which the verdict ended."""
    return verdict.results[-1]


def test_a_plain_function_is_proven_in_both(both: Sandboxes):
    """The evidence names both with engine, Python, pytest and the image's digest; it runs in the faster."""
    made = version(both)
    kept = made.evidence["verdict"]
    assert kept["validated_on"] == ["wasm", "docker"]
    assert all({"backend", "engine", "python", "pytest"} <= place.keys() for place in kept["environments"])
    assert kept["environments"][1]["image"].startswith("sha256:")
    assert kept["checks"][-1]["summary"].startswith("the same in docker")
    assert both.for_run(made).name == "wasm"


def test_what_differs_between_them_is_refused_in_words(both: Sandboxes):
    """A function that depends on the word size gives other values: the call and both values are told."""
    verdict = validate(trial(both, WORD_SIZED))
    assert not verdict.passed
    assert last(verdict).check == second_sandbox.NAME
    assert "in wasm (CPython 3.14" in verdict.findings[0]
    assert "in docker (CPython 3.14" in verdict.findings[0]
    assert "word size" in verdict.findings[0]


@pytest.mark.parametrize("source", [THREADED, PIPED, ZONED], ids=["threads", "processes", "time zones"])
def test_what_the_embedded_one_lacks_is_proven_in_docker_alone(both: Sandboxes, source: str):
    """The whole gate is asked there, the verdict says why, and it runs there and nowhere else."""
    made = version(both, source)
    kept = made.evidence["verdict"]
    assert kept["validated_on"] == ["docker"]
    assert kept["checks"][-1]["summary"].startswith("only in docker: ")
    assert both.for_run(made).name == "docker"


def test_a_function_that_asks_its_host_is_proven_in_both(both: Sandboxes):
    """The scripted host says the same in both, to the suite and to the inputs; nothing leaves either."""
    script = Script(exchanges=({"ask": {"http": "GET https://api.example.org/twice"}, "reply": {"json": 2}},))
    tests = TESTS.replace("def test", "async def test").replace("assert double", "assert await double")
    made = function(ASKING, tests)
    made = replace(made, manifest=made.manifest.model_copy(update={"grants": ("http GET api.example.org",)}))
    first, second = both.for_proof(made, script), both.second(made, script)
    verdict = validate(Trial(function=made, sandbox=first, second=second, task=Task(text="double")))
    assert verdict.passed, verdict.findings
    assert verdict.validated_on == ("wasm", "docker")


def test_without_an_engine_it_is_refused_for_what_is_lacking(embedded: Sandboxes):
    """In the embedded sandbox alone a function with threads does not pass, and the reason is named."""
    verdict = validate(trial(embedded, THREADED))
    assert not verdict.passed
    assert "can't start new thread" in " ".join(verdict.findings)


def test_a_wrong_threaded_function_is_told_what_is_wrong(both: Sandboxes):
    """Not that the faster sandbox has no threads: nobody could mend that."""
    verdict = validate(trial(both, THREADED.replace("[x, x]", "[x, 1]")))
    assert not verdict.passed
    assert "thread" not in " ".join(verdict.findings)
    assert "must give 8, not 5" in verdict.findings[0]


def test_a_wrong_plain_function_costs_no_container(both: Sandboxes):
    """What is plainly wrong falls before the second sandbox is asked."""
    verdict = validate(trial(both, PLAIN.replace("2 * x", "x")))
    assert verdict.validated_on == ("wasm",)
    assert second_sandbox.NAME not in [result.check for result in verdict.results]


def test_a_second_look_asks_both_again(both: Sandboxes):
    """What was proven in both is derived anew in both, and nothing has changed."""
    again = verify(version(both), both, Limits())
    assert again.holds
    assert again.verdict.validated_on == ("wasm", "docker")
    assert (again.changed, again.differs, again.unchecked) == ((), (), ())


def test_a_second_look_without_an_engine_says_what_it_missed(both: Sandboxes, embedded: Sandboxes):
    """The rest is derived anew; that Docker was not asked is told, and is no fall."""
    again = verify(version(both), embedded, Limits())
    assert again.holds
    assert again.unchecked == ("not checked in docker: the settings leave it out (wasm)",)


def test_a_second_look_where_nothing_can_be_looked_at_is_an_error(both: Sandboxes, embedded: Sandboxes):
    """What was proven in Docker alone cannot be judged, nor run, by the embedded sandbox: it did not fall."""
    made = version(both, THREADED)
    with pytest.raises(SandboxUnavailable, match="was proven in docker"):
        verify(made, embedded, Limits())
    with pytest.raises(SandboxUnavailable, match="was proven in docker"):
        embedded.for_run(made)


def test_a_task_whose_function_needs_threads_is_done(workshop: Callable, both: Sandboxes):
    """Candidates are compared, decided and proven in Docker, and the version runs there."""
    code = '''from concurrent.futures import ThreadPoolExecutor


def count_vowels(text: str) -> int:
    """Count the vowels in a text.

    Args:
        text: The text.
    """
    with ThreadPoolExecutor(2) as workers:
        return sum(workers.map(lambda letter: letter in "aeiou", text.lower()))
'''
    other = code.replace('letter in "aeiou"', '"aeiou".count(letter)')
    shop = workshop(generate=[f"```python\n{code}```", f"```python\n{other}```"], sandboxes=both)
    outcome = shop.agent.execute(Task(text="count the vowels", arguments={"text": "Adele"}))
    assert outcome.value == 3
    assert outcome.verdict["validated_on"] == ["docker"]
    ran = next(event for event in shop.events if event.action == "run.finished")
    assert ran.facts["backend"] == "docker"


def test_a_task_with_a_plain_function_is_proven_in_both(workshop: Callable, both: Sandboxes):
    """The whole way of a task, with the second sandbox asked about the chosen candidate only."""
    code = 'def count_vowels(text: str) -> int:\n    """Count."""\n    return sum(map(text.lower().count, "aeiou"))\n'
    other = code.replace('sum(map(text.lower().count, "aeiou"))', 'len([x for x in text if x in "aeiouAEIOU"])')
    shop = workshop(generate=[f"```python\n{code}```", f"```python\n{other}```"], sandboxes=both)
    outcome = shop.agent.execute(Task(text="count the vowels", arguments={"text": "Adele"}))
    assert outcome.verdict["validated_on"] == ["wasm", "docker"]
    ran = next(event for event in shop.events if event.action == "run.finished")
    assert ran.facts["backend"] == "wasm"
