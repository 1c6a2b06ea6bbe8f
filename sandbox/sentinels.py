"""Tests of the host's own among those that it sends: it knows how they must end, so that a forged report shows."""

import ast
import secrets
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.types import TestOutcome

FAILS = {
    "an assertion": "assert {number} == {number} + 1",
    "an error that does not come": "with __import__('pytest').raises(ValueError):\n        assert {number}",
}
"""What must fail in each module, by the part of pytest that a forger would change."""
EITHER = ("assert {number}", "assert not {number}", "raise ValueError({number})")
"""One more, by chance: whether it must pass, which is true of the first, cannot be known beforehand."""
STEERED = ("pytestmark", "pytest_generate_tests", "__test__")
"""Names by which a module says of all its tests how they run."""
APART = "test_{}.py"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Test files with sentinels among them."""

    files: Mapping[str, str]
    must: Mapping[str, str]
    """How each sentinel must end, by its test id."""

    def apart(self, outcomes: Iterable[TestOutcome]) -> tuple[tuple[TestOutcome, ...], tuple[TestOutcome, ...]]:
        """The outcomes of the files' own tests, and those of the sentinels."""
        own, sentinels = list[TestOutcome](), list[TestOutcome]()
        for outcome in outcomes:
            (sentinels if sentinel_of(outcome) in self.must else own).append(outcome)
        return tuple(own), tuple(sentinels)

    def contradicted(self, sentinels: Iterable[TestOutcome]) -> bool:
        """True where one passed that must fail: no honest run reports that, whatever else went wrong in it."""
        return any(one.outcome == "passed" != self.must[sentinel_of(one)] for one in sentinels)

    def borne_out(self, sentinels: Iterable[TestOutcome]) -> bool:
        """True where each is there and ended as it must."""
        ends = [(sentinel_of(one), one.outcome) for one in sentinels]
        return {name for name, _ in ends} == set(self.must) and all(self.must[name] == word for name, word in ends)


def watched(files: Mapping[str, str]) -> Watched:
    """The files, sentinels at the end of each test module; in one of their own where a module cannot take them."""
    sent, must = dict(files), dict[str, str]()
    crowded = False
    for name, text in files.items():
        if not name.startswith("test_"):
            continue
        if takes_more(text):
            tests, ends = sentinels()
            sent[name] = f"{text.rstrip('\n')}\n{tests}"
            must |= {f"{name}::{test}": end for test, end in ends.items()}
        else:
            crowded = True
    if crowded:
        name = APART.format(secrets.token_hex(8))
        sent[name], ends = sentinels()
        must |= {f"{name}::{test}": end for test, end in ends.items()}
    return Watched(files=sent, must=must)


def takes_more(text: str) -> bool:
    """True where tests can be added at the module's end and run as they would anywhere."""
    if any(name in text for name in STEERED):
        return False
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def sentinels() -> tuple[str, dict[str, str]]:
    """The source of some tests in any order, under names that nobody can know, and how each must end."""
    extra = secrets.choice(EITHER)
    bodies = [(body, "failed") for body in FAILS.values()]
    bodies.append((extra, "passed" if extra == EITHER[0] else "failed"))
    secrets.SystemRandom().shuffle(bodies)
    named = {f"test_{secrets.token_hex(8)}": entry for entry in bodies}
    text = "".join(
        f"\n\ndef {name}():\n    {body.format(number=1 + secrets.randbelow(10**6))}\n"
        for name, (body, _) in named.items()
    )
    return text, {name: end for name, (_, end) in named.items()}


def sentinel_of(outcome: TestOutcome) -> str:
    """The test id without the parameters that a fixture of the module adds to every test."""
    return outcome.test_id.partition("[")[0]
