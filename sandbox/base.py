"""What every back end shares: encoding, decoding, limits, timing. One owes `_exchange` and `status`."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from sandbox.types import (
    Answer,
    Call,
    CallResult,
    Calls,
    Failure,
    FailureKind,
    Limits,
    SandboxStatus,
    TestOutcome,
    TestReport,
)


class BaseSandbox:
    """Turns calls and test runs into one request each, and the guest's envelope into values."""

    name: str
    provides_packages = False

    def call(self, call: Call, limits: Limits | None = None) -> CallResult:
        """See `sandbox.protocol.Sandbox.call`."""
        limits = limits or Limits()
        request = {
            "op": "call",
            "source": call.source,
            "function": call.function,
            "arguments": dict(call.arguments),
            "max_result_bytes": limits.max_result_bytes,
        }
        envelope, seconds = self._timed_exchange(request, limits)
        failure = read_failure(envelope)
        return CallResult(
            value=envelope.get("value") if failure is None else None,
            failure=failure,
            output=text_of(envelope, "output", limits.max_output_bytes),
            seconds=seconds,
        )

    def call_many(self, calls: Calls, limits: Limits | None = None) -> tuple[Answer, ...]:
        """See `sandbox.protocol.Sandbox.call_many`."""
        limits = limits or Limits()
        return self._answers(calls, limits, time.monotonic() + limits.wall_clock_s)

    def _answers(self, calls: Calls, limits: Limits, deadline: float) -> tuple[Answer, ...]:
        """The answers; where one call takes the others down with it, those of the first half and of the second."""
        left = deadline - time.monotonic()
        if left <= 0 or not calls.calls:
            return ()
        a_try = replace(limits, wall_clock_s=left / 2 if len(calls.calls) > 1 else left)
        request = {
            "op": "calls",
            "source": calls.source,
            "calls": calls.calls,
            "steps_a_call": calls.steps_a_call,
            "steps": calls.steps,
            "max_result_bytes": limits.max_result_bytes,
        }
        envelope, _ = self._timed_exchange(request, a_try)
        failure = read_failure(envelope)
        if failure is None:
            entries = list_of(envelope, "value", dict)[: len(calls.calls)]
            return tuple(read_answer(entry) for entry in entries)
        if len(calls.calls) == 1 or failure.kind is FailureKind.EXCEPTION:  # the source itself does not load
            return (Answer(failure=failure),) * len(calls.calls)
        half = len(calls.calls) // 2
        first = self._answers(replace(calls, calls=calls.calls[:half]), limits, deadline)
        if len(first) < half:
            return first
        return first + self._answers(replace(calls, calls=calls.calls[half:]), limits, deadline)

    def run_tests(self, files: Mapping[str, str], limits: Limits | None = None) -> TestReport:
        """See `sandbox.protocol.Sandbox.run_tests`."""
        for name in files:
            if name != PurePosixPath(name).name or not name.endswith(".py"):
                raise ValueError(f"{name!r} is not the plain name of a Python file")
        limits = limits or Limits()
        envelope, seconds = self._timed_exchange({"op": "tests", "files": dict(files)}, limits)
        outcomes = tuple(read_outcome(entry) for entry in list_of(envelope, "tests", dict))
        return TestReport(
            outcomes=outcomes,
            failure=read_failure(envelope) or judged(outcomes, list_of(envelope, "broken", str)),
            output=text_of(envelope, "output", limits.max_output_bytes),
            seconds=seconds,
        )

    def warm_up(self) -> None:
        """See `sandbox.protocol.Sandbox.warm_up`."""

    def environment(self) -> dict[str, str]:
        """See `sandbox.protocol.Sandbox.environment`."""
        raise NotImplementedError

    def close(self) -> None:
        """See `sandbox.protocol.Sandbox.close`."""

    def status(self) -> SandboxStatus:
        """See `sandbox.protocol.Sandbox.status`."""
        raise NotImplementedError

    def _timed_exchange(self, request: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], float]:
        request["max_output_bytes"] = limits.max_output_bytes
        started = time.perf_counter()
        envelope = self._exchange(request, limits)
        return envelope, time.perf_counter() - started

    def _exchange(self, request: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
        """The guest's envelope for one request, made in a fresh sandbox within the limits."""
        raise NotImplementedError


def failed(kind: FailureKind, message: str) -> dict[str, Any]:
    """An envelope for what the guest itself could not report."""
    return {"failure": {"kind": kind.value, "message": message}}


def encode(request: Mapping[str, Any]) -> bytes:
    """The request as JSON in UTF-8; it is escaped only where half a character cannot be written otherwise."""
    try:
        return json.dumps(request, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(request, allow_nan=False).encode()


def max_answer_bytes(limits: Limits) -> int:
    """No honest envelope is larger: escapes make a result twice as long at most, and output six times."""
    return limits.max_result_bytes * 2 + limits.max_output_bytes * 6 + (1 << 20)


def decode(data: bytes, limits: Limits) -> dict[str, Any]:
    """The envelope in the guest's bytes. They are the guest's word and may be anything."""
    if len(data) > max_answer_bytes(limits):
        return failed(FailureKind.RESULT_TOO_LARGE, f"the answer is {len(data):,} bytes")
    try:
        envelope = json.loads(data, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        return failed(FailureKind.RESULT_NOT_JSON, f"the answer is not JSON: {error}")
    if not isinstance(envelope, dict):
        return failed(FailureKind.CRASH, "the guest's answer is not an envelope")
    return envelope


def refuse_constant(name: str) -> None:
    """JSON knows no NaN and no Infinity, though Python's reader does."""
    raise ValueError(f"{name} is not JSON")


def read_failure(envelope: Mapping[str, Any]) -> Failure | None:
    """The failure in an envelope; an unknown kind counts as a crash."""
    entry = envelope.get("failure")
    if not isinstance(entry, dict):
        return None
    known = entry.get("kind") in list(FailureKind)
    return Failure(
        kind=FailureKind(entry["kind"]) if known else FailureKind.CRASH,
        message=text_of(entry, "message", 2_000),
        exception=text_of(entry, "exception", 200),
        traceback=text_of(entry, "traceback", 16_000),
    )


def read_answer(entry: Mapping[str, Any]) -> Answer:
    """One answer among many."""
    failure = read_failure(entry)
    return Answer(
        value=entry.get("value") if failure is None else None,
        failure=failure,
        shape=text_of(entry, "shape", 500),
        changed=entry.get("changed") is True,
    )


def read_outcome(entry: Mapping[str, Any]) -> TestOutcome:
    """One test's outcome."""
    return TestOutcome(
        test_id=text_of(entry, "test_id", 500).rpartition("/")[2],
        outcome=text_of(entry, "outcome", 20),
        exception=text_of(entry, "exception", 200),
        by_assertion=entry.get("by_assertion") is True,
        message=text_of(entry, "message", 2_000),
    )


def judged(outcomes: tuple[TestOutcome, ...], broken: list[str]) -> Failure | None:
    """What the outcomes amount to, where the run itself came to its end."""
    if broken:
        return Failure(
            kind=FailureKind.TESTS_NOT_COLLECTED,
            message="the tests could not be collected",
            traceback=broken[0][-16_000:],
        )
    if not outcomes:
        return Failure(kind=FailureKind.TESTS_NOT_COLLECTED, message="no test was found")
    bad = [outcome for outcome in outcomes if outcome.outcome != "passed"]
    if not bad:
        return None
    return Failure(kind=FailureKind.TESTS_FAILED, message=f"{len(bad)} of {len(outcomes)} tests did not pass")


def list_of[T](entry: Mapping[str, Any], key: str, kind: type[T]) -> list[T]:
    """The entries of that kind in the list under a key; the guest may have put anything there."""
    value = entry.get(key)
    return [item for item in value if isinstance(item, kind)] if isinstance(value, list) else []


def text_of(entry: Mapping[str, Any], key: str, limit: int) -> str:
    """The text under a key, cut to the limit; empty where there is none."""
    value = entry.get(key, "")
    return value[:limit] if isinstance(value, str) else ""
