"""The values that cross the sandbox's boundary: what to run, within which limits, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MIB = 1 << 20


class FailureKind(StrEnum):
    """Every way in which guest code can fail. Each is an expected outcome, hence a value."""

    EXCEPTION = "exception"
    """The code raised; `Failure.exception` names the class."""
    TIMEOUT = "timeout"
    """The wall-clock limit passed and the code was stopped."""
    MEMORY = "memory"
    """The memory limit was reached."""
    OUTPUT_LIMIT = "output-limit"
    """More was printed than the limit allows; the code was stopped."""
    CRASH = "crash"
    """The guest ended without an answer: `os._exit`, a stack overflow, an abort of the engine."""
    RESULT_NOT_JSON = "result-not-json"
    """The returned value has no JSON form (a generator, NaN, an object, nesting without end)."""
    RESULT_TOO_LARGE = "result-too-large"
    """The returned value's JSON is larger than the limit."""
    TESTS_FAILED = "tests-failed"
    """Tests were collected and at least one did not pass."""
    TESTS_NOT_COLLECTED = "tests-not-collected"
    """pytest found no test, or could not import the files."""
    TESTS_FORGED = "tests-forged"
    """The run reported what cannot be true, such as a pass of a test that must fail; none of it is believed."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one call may use. The defaults suit a function that works on a few megabytes of text."""

    wall_clock_s: float = 10.0
    """Seconds from the hand-over to the guest until it is stopped."""
    max_memory_bytes: int = 256 * MIB
    max_output_bytes: int = 1 * MIB
    """What the code may print, standard output and standard error together."""
    max_result_bytes: int = 8 * MIB
    """The size of the result's JSON text in UTF-8."""
    max_file_bytes: int = 64 * MIB
    """What the code may write to its private file system."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a call or a test run gave no good answer."""

    kind: FailureKind
    message: str
    """One sentence for people."""
    exception: str = ""
    """The qualified name of the exception's class, where there was one."""
    traceback: str = ""
    """The guest's own traceback, at most 16 kB, frames of our runner left out."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One function to call once, in a sandbox nothing else has run in."""

    source: str
    """Python source that defines the function."""
    function: str
    """The function's name in that source."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments; JSON values only."""


@dataclass(frozen=True, kw_only=True)
class CallResult:
    """What one call gave: a value, or a failure and no value."""

    value: Any = None
    failure: Failure | None = None
    output: str = ""
    """What the code printed, cut at the output limit."""
    seconds: float = 0.0
    """Wall-clock time inside the sandbox, start-up included."""
    asked: tuple[Mapping[str, Any], ...] = ()
    """What the code asked of a scripted host, each ask once: the guest's word."""
    artefacts: Mapping[str, bytes] = field(default_factory=dict)
    """The files that the code left in its output folder, by plain name."""

    @property
    def ok(self) -> bool:
        """True where a value came back."""
        return self.failure is None


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Several calls of one source's functions, one after another in one sandbox."""

    source: str
    """Python source that defines the functions."""
    calls: tuple[tuple[str, str], ...]
    """Each the name of a function, and as text `((1, 2), {"name": 3})`: Python literals that it gets by place, as they
    are, and JSON values that it gets by name, which become what the parameters declare."""
    steps_a_call: int = 1_000_000
    """Loop turns and function calls that one call may take: as many on a fast machine as on a slow one."""
    steps: int = 2_000_000
    """The same for all of them; the calls after that are not made."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one of several calls gave."""

    value: Any = None
    failure: Failure | None = None
    shape: str = ""
    """The kinds of containers in the value, which JSON does not tell apart, for example `list[tuple]`."""
    changed: bool = False
    """True where the call changed what it was given."""


@dataclass(frozen=True, kw_only=True)
class TestOutcome:
    """What one test did."""

    __test__ = False

    test_id: str
    """pytest's node id, for example `test_function.py::test_empty[a]`."""
    outcome: str
    """`passed`, `failed`, `skipped`, `xfailed`, `xpassed`, or `error` (in set-up or tear-down)."""
    exception: str = ""
    """The qualified name of the exception's class, for example `AssertionError`."""
    by_assertion: bool = False
    """True where a failure came from `assert`, `pytest.fail` or `pytest.raises`, nothing else."""
    message: str = ""
    """The end of pytest's report, at most 2,000 characters."""


@dataclass(frozen=True, kw_only=True)
class TestReport:
    """What a pytest run gave. `failure` is None only where every collected test passed."""

    __test__ = False

    outcomes: tuple[TestOutcome, ...] = ()
    failure: Failure | None = None
    output: str = ""
    seconds: float = 0.0
    asked: tuple[Mapping[str, Any], ...] = ()
    """What the code asked of a scripted host, each ask once: the guest's word."""

    @property
    def ok(self) -> bool:
        """True where at least one test was collected and all passed."""
        return self.failure is None


@dataclass(frozen=True, kw_only=True)
class SandboxStatus:
    """What a look at the back end showed."""

    available: bool
    detail: str
    """One line for people: the engine and its speed, or why it cannot start."""
    advice: str = ""
