"""A second look at what git holds, in a real sandbox."""

from agent.checks.trial import Trial
from agent.sandboxes import Sandboxes
from agent.types import Task
from agent.validator import GATE, evidence_of, validate
from agent.verifier import verify
from registry import Function, Manifest, Status, Version
from sandbox import Limits, Sandbox

SOURCE = 'def double(x: int) -> int:\n    """Twice x."""\n    return 2 * x\n'
TESTS = "from function import double\n\n\n" + "".join(
    f"def test_{number}():\n    assert double({number}) == {2 * number}\n\n\n" for number in range(6)
)
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"], "additionalProperties": False}


def function(source: str = SOURCE) -> Function:
    """A function that doubles, or one with another body."""
    manifest = Manifest(name="double", description="Doubles.", input_schema=SCHEMA, output_schema={"type": "integer"})
    return Function(manifest=manifest, source=source, tests=TESTS)


def registered(sandbox: Sandbox, held: Function) -> Version:
    """A version whose evidence was reached for the good function, whatever its files hold now."""
    verdict = validate(Trial(function=function(), sandbox=sandbox, task=Task(text="double")))
    evidence = evidence_of(verdict, {"source": "test"})
    return Version(function=held, commit="c" * 40, status=Status.PRODUCTION, version="1.0.0", evidence=evidence)


def test_what_was_let_in_is_let_in_again(wasm: Sandbox, embedded: Sandboxes):
    """Nothing changed: the verdict holds, and no difference is told."""
    again = verify(registered(wasm, function()), embedded, Limits())
    assert again.holds
    assert (again.changed, again.differs) == ((), ())


def test_code_that_no_longer_passes_is_named(wasm: Sandbox, embedded: Sandboxes):
    """Where the files do not earn their evidence, the check that fails now is told."""
    again = verify(registered(wasm, function(SOURCE.replace("2 * x", "x"))), embedded, Limits())
    assert not again.holds
    assert again.differs == ("green: passed then, failed now",)


def test_another_engine_is_told(wasm: Sandbox, embedded: Sandboxes):
    """A verdict reached with another Python or engine says so, and holds if the checks do."""
    version = registered(wasm, function())
    version.evidence["verdict"]["environments"][0]["python"] = "3.13.9"
    again = verify(version, embedded, Limits())
    assert again.holds
    assert again.changed == (f"wasm python: 3.13.9 then, {wasm.environment()['python']} now",)


def test_the_rivals_in_the_evidence_are_heard_again(wasm: Sandbox, embedded: Sandboxes):
    """The agreement is derived anew from the other candidates that git holds; without one on its side it can fail."""
    other = SOURCE.replace("return 2 * x", "return x + x")
    version = registered(wasm, function())
    version.evidence.update(rivals=[{"source": other, "model": "p/other"}], answers=[], specification=None)
    agreed = {result.check: result for result in verify(version, embedded, Limits()).verdict.results}["agreement"]
    assert (agreed.passed, agreed.evidence["alike"]) == (True, 2)
    capped = SOURCE.replace("return 2 * x", "return 2 * x if abs(x) < 6 else 0")
    models = ("gpt", "qwen", "phi", "llama")
    version.evidence["rivals"] = [{"source": f"# {model}\n{capped}", "model": f"p/{model}"} for model in models]
    again = verify(version, embedded, Limits())
    assert not again.holds
    assert again.differs == ("agreement: passed then, failed now",)


def test_explaining_asks_every_check(wasm: Sandbox, embedded: Sandboxes):
    """A second look stops at the first check that fails; asked to explain, it says what all of them find."""
    version = registered(wasm, function(SOURCE.replace("2 * x", "x")))
    assert [result.check for result in verify(version, embedded, Limits()).verdict.results][-1] == "green"
    explained = verify(version, embedded, Limits(), explain=True)
    assert len(explained.verdict.results) == len(GATE)
    assert "green: passed then, failed now" in explained.differs
