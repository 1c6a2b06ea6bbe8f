"""What the host makes of a guest's bytes: always a value or a named failure, whatever the guest wrote."""

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import Call, FailureKind, Limits, Surroundings
from sandbox.base import BaseSandbox, decode, encode
from sandbox.frames import read_frame, write_frame

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([str(k) for k in FailureKind]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["failure", "kind", "message", "value", "tests", "broken", "output", "test_id", "outcome"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)
CALL = Call(source="", function="f")


class Forged(BaseSandbox):
    """A sandbox whose guest answers whatever it likes."""

    name = "forged"

    def __init__(self, envelope: dict[str, Any]) -> None:
        self.envelope = envelope

    def _exchange(self, request: Mapping[str, Any], limits: Limits, around: Surroundings) -> dict[str, Any]:
        return self.envelope


@given(st.binary(max_size=200))
def test_any_bytes_are_an_envelope(data: bytes) -> None:
    """Decoding never raises, and what is no envelope is a failure."""
    envelope = decode(data, Limits())
    assert isinstance(envelope, dict)


@given(st.dictionaries(st.sampled_from(["failure", "value", "tests", "broken", "output"]), JSON))
def test_any_envelope_is_a_result(envelope: dict[str, Any]) -> None:
    """A forged envelope gives a call's result and a test report of the promised types."""
    result = Forged(envelope).call(CALL)
    assert result.failure is None or result.failure.kind in set(FailureKind)
    assert result.ok or result.value is None
    assert isinstance(result.output, str)
    report = Forged(envelope).run_tests({"test_it.py": ""})
    assert all(isinstance(outcome.message, str) for outcome in report.outcomes)
    assert report.ok == (report.failure is None)


@given(JSON)
def test_a_request_can_be_read_again(value: Any) -> None:
    """Encoding and reading back a request is the identity."""
    assert json.loads(encode({"arguments": value})) == {"arguments": value}


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "🐢\ud83d"])
def test_half_a_character_can_be_sent(text: str) -> None:
    """A lone surrogate crosses, escaped."""
    assert json.loads(encode({"x": text})) == {"x": text}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1}, b"x"])
def test_what_is_no_json_is_refused(value: Any) -> None:
    """A request with a value that JSON lacks raises."""
    with pytest.raises((ValueError, TypeError)):
        encode({"x": value})


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", FailureKind.RESULT_NOT_JSON),
        (b"[" * 100_000, FailureKind.RESULT_NOT_JSON),
        (b'{"value": NaN}', FailureKind.RESULT_NOT_JSON),
        (b'{"value": -Infinity}', FailureKind.RESULT_NOT_JSON),
        (b'{"value": 1' + b"0" * 5_000 + b"}", FailureKind.RESULT_NOT_JSON),
        (b"[1]", FailureKind.CRASH),
        (b"\xff\xfe", FailureKind.RESULT_NOT_JSON),
        (b"x" * (30 << 20), FailureKind.RESULT_TOO_LARGE),
    ],
)
def test_a_bad_answer_has_its_kind(data: bytes, kind: FailureKind) -> None:
    """What cannot be read is named for what is wrong with it."""
    assert decode(data, Limits())["failure"]["kind"] == kind


def test_texts_of_the_guest_are_cut() -> None:
    """No text of a guest is longer than the limits, wherever it stands."""
    long = "x" * 10**6
    failure = {"kind": "exception", "message": long, "exception": long, "traceback": long}
    result = Forged({"failure": failure, "output": long}).call(CALL, Limits(max_output_bytes=100))
    assert result.failure is not None
    assert len(result.failure.message) == 2_000
    assert len(result.failure.exception) == 200
    assert len(result.failure.traceback) == 16_000
    assert len(result.output) == 100


def test_an_unknown_kind_is_a_crash() -> None:
    """A failure of a kind that nobody knows counts as a crash, not as a success."""
    result = Forged({"failure": {"kind": "nonsense"}, "value": 1}).call(CALL)
    assert result.failure is not None
    assert result.failure.kind is FailureKind.CRASH


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_frames_come_out_as_they_went_in(messages: list[bytes]) -> None:
    """Messages over a pipe stay apart and in order, the empty one too, and its end is None."""
    pipe = io.BytesIO()
    for message in messages:
        write_frame(pipe, message)
    pipe.seek(0)
    assert [read_frame(pipe) for _ in messages] == messages
    assert read_frame(pipe) is None


def test_a_frame_cut_short_is_the_end() -> None:
    """A message that stops in its middle is not handed out."""
    assert read_frame(io.BytesIO(b"\0\0\0\5abc")) is None
    assert read_frame(io.BytesIO(b"\0\0")) is None
