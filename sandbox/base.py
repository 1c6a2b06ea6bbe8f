"""What every back end shares: encoding, decoding, limits, timing. One owes `_exchange` and `status`."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from sandbox.errors import SandboxError
from sandbox.protocol import Sandbox
from sandbox.sentinels import watched
from sandbox.surroundings import Surroundings, is_plain
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

NOTHING = Surroundings()
MAX_ASKED, MAX_ASKED_BYTES = 200, 64_000
"""What is taken over of what the guest says it has asked: so many, so large together."""

FORGED = Failure(
    kind=FailureKind.TESTS_FORGED,
    message="the tests' outcomes were forged: tests of the sandbox's own among them did not end as they must",
)


class BaseSandbox:
    """Turns calls and test runs into one request each, and the guest's envelope into values."""

    name: str
    _around = NOTHING

    def within(self, around: Surroundings) -> Sandbox:
        """See `sandbox.protocol.Sandbox.within`."""
        return Within(self, around)

    def lacks(self, around: Surroundings) -> str:
        """See `sandbox.protocol.Sandbox.lacks`."""
        raise NotImplementedError

    def absence(self) -> SandboxError | None:
        """See `sandbox.protocol.Sandbox.absence`: what is embedded is there."""
        return None

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
            asked=read_asked(envelope, self._around),
            artefacts={} if failure else read_artefacts(envelope, self._around, limits.max_file_bytes),
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
        sent = watched(files)
        envelope, seconds = self._timed_exchange({"op": "tests", "files": dict(sent.files)}, limits)
        outcomes, sentinels = sent.apart(read_outcome(entry) for entry in list_of(envelope, "tests", dict))
        failure = read_failure(envelope) or judged(outcomes, list_of(envelope, "broken", str))
        if sent.contradicted(sentinels) or (failure is None and not sent.borne_out(sentinels)):
            outcomes, failure = (), FORGED
        return TestReport(
            outcomes=outcomes,
            failure=failure,
            output=text_of(envelope, "output", limits.max_output_bytes),
            seconds=seconds,
            asked=read_asked(envelope, self._around),
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
        if not self._around.empty:
            self._around.check(limits.max_file_bytes, live=request["op"] == "call")
            request |= {"around": self._around.told(), "max_file_bytes": limits.max_file_bytes}
        started = time.perf_counter()
        envelope = self._exchange(request, limits, self._around)
        return envelope, time.perf_counter() - started

    def _exchange(self, request: Mapping[str, Any], limits: Limits, around: Surroundings) -> dict[str, Any]:
        """The guest's envelope for one request, made in a fresh sandbox within the limits."""
        raise NotImplementedError


class Within(BaseSandbox):
    """A sandbox seen with other surroundings."""

    def __init__(self, sandbox: BaseSandbox, around: Surroundings) -> None:
        self._sandbox, self._around, self.name = sandbox, around, sandbox.name

    def within(self, around: Surroundings) -> Sandbox:
        """See `sandbox.protocol.Sandbox.within`."""
        return self._sandbox.within(around)

    def lacks(self, around: Surroundings) -> str:
        """See `sandbox.protocol.Sandbox.lacks`."""
        return self._sandbox.lacks(around)

    def absence(self) -> SandboxError | None:
        """See `sandbox.protocol.Sandbox.absence`."""
        return self._sandbox.absence()

    def warm_up(self) -> None:
        """See `sandbox.protocol.Sandbox.warm_up`."""
        self._sandbox.warm_up()

    def environment(self) -> dict[str, str]:
        """See `sandbox.protocol.Sandbox.environment`."""
        return self._sandbox.environment()

    def close(self) -> None:
        """Close the sandbox that is seen: it is one and the same."""
        self._sandbox.close()

    def status(self) -> SandboxStatus:
        """See `sandbox.protocol.Sandbox.status`."""
        return self._sandbox.status()

    def _exchange(self, request: Mapping[str, Any], limits: Limits, around: Surroundings) -> dict[str, Any]:
        return self._sandbox._exchange(request, limits, around)


def failed(kind: FailureKind, message: str) -> dict[str, Any]:
    """An envelope for what the guest itself could not report."""
    return {"failure": {"kind": kind.value, "message": message}}


def encode(request: Mapping[str, Any]) -> bytes:
    """The request as JSON in UTF-8; it is escaped only where half a character cannot be written otherwise."""
    try:
        return json.dumps(request, allow_nan=False, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(request, allow_nan=False).encode()


def max_answer_bytes(limits: Limits, around: Surroundings = NOTHING) -> int:
    """No honest envelope is larger: escapes make a result twice as long at most, output six times, base64 a file."""
    files = limits.max_file_bytes * 2 if around.keeps_files else 0
    return limits.max_result_bytes * 2 + limits.max_output_bytes * 6 + files + (1 << 20)


def decode(data: bytes, limits: Limits, around: Surroundings = NOTHING) -> dict[str, Any]:
    """The envelope in the guest's bytes. They are the guest's word and may be anything."""
    if len(data) > max_answer_bytes(limits, around):
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


def read_asked(envelope: Mapping[str, Any], around: Surroundings) -> tuple[Mapping[str, Any], ...]:
    """What the guest says it asked of its script."""
    found: list[Mapping[str, Any]] = []
    room = MAX_ASKED_BYTES
    for ask in list_of(envelope, "asked", dict)[:MAX_ASKED] if around.script else ():
        room -= len(json.dumps(ask))
        if room >= 0 and isinstance(ask.get("kind"), str):
            found.append(ask)
    return tuple(found)


def read_artefacts(envelope: Mapping[str, Any], around: Surroundings, room: int) -> dict[str, bytes]:
    """The files that the guest says it leaves, as far as their names are plain and they are within the limit."""
    entries, found = envelope.get("artefacts"), dict[str, bytes]()
    if not around.keeps_files or not isinstance(entries, dict):
        return found
    for name, text in entries.items():
        try:
            data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
        except ValueError:
            continue
        room -= len(data)
        if is_plain(name) and room >= 0:
            found[name] = data
    return found


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
