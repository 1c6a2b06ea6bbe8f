"""Errors as problems: each has a status, says what to do, and tells nothing of the inside."""

import json

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from agent.errors import BadSettings, KowalError, NotKnown, NotPromoted, ProviderUnavailable, RateLimited, TooFast
from integrations.http import problems
from integrations.http.answering import MOST_FINDINGS, of_status, unreadable
from integrations.http.problems import (
    NAMESPACE,
    STATUS,
    BodyTooLarge,
    HttpError,
    TooManyRequests,
    answer,
    body_of,
    described,
    problem_of,
    status_of,
)
from integrations.http.reading import read_json
from registry.errors import OperationsUnavailable, RegistryError, UnknownTask
from sandbox.errors import SandboxError


def tree(kind):
    """The class and all below it that our packages define."""
    return {kind, *(each for below in kind.__subclasses__() for each in tree(below))}


ALL = sorted(
    (
        kind
        for root in (KowalError, RegistryError, SandboxError)
        for kind in tree(root)
        if kind.__module__ in ("agent.errors", "registry.errors", "sandbox.errors")
    ),
    key=lambda kind: kind.__qualname__,
)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status(kind):
    """None of the three trees' errors is left to its parent's status, and a problem of it says all that it must."""
    assert kind in STATUS
    told = problem_of(kind(), "r1")
    assert told.status == STATUS[kind]
    assert told.status in range(400, 600)
    assert (told.instance, told.title) == ("r1", kind.__doc__)
    assert told.type.startswith(NAMESPACE)
    assert told.retryable == kind.retryable


def test_types_differ():
    """No two errors have the same type."""
    kinds = [*ALL, *tree(HttpError)]
    assert len({problem_of(kind()).type for kind in kinds}) == len(set(kinds))


def test_an_error_of_an_integration_has_its_parents_status():
    """A class that only an integration knows is answered as what it is a kind of."""

    class Refused(problems.ChannelError):
        """Not today."""

    assert problem_of(Refused("no")).status == 502


def test_three_parts_and_facts_are_told():
    """What happened, what was kept, what to do, and the findings."""
    told = problem_of(NotPromoted("none passed", kept="3 attempts", advice="say more", findings=["red"]), "r7")
    assert (told.detail, told.kept, told.advice, told.facts) == (
        "none passed", "3 attempts", "say more", {"findings": ["red"]},
    )  # fmt: skip


@pytest.mark.parametrize(
    "error",
    [
        BadSettings("/etc/kowal/kowal.toml: token s3cret", advice="see /etc/kowal", key="s3cret"),
        OperationsUnavailable("postgres://kowal:s3cret@db/kowal", advice="/etc/kowal"),
        SandboxError("/var/lib/kowal s3cret", kept="/etc/kowal"),
        KeyError("s3cret /etc/kowal"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_our_own_faults_tell_nothing_of_the_inside(error):
    """Files, hosts and passwords in an error of ours stay here; the status and what to do are told."""
    body = answer(error).body.decode()
    assert "s3cret" not in body
    assert "/etc/" not in body
    assert "/var/" not in body
    assert json.loads(body)["advice"]


def test_a_neighbours_fault_is_told():
    """Whoever asks for a model hears which server did not answer."""
    assert "http://localhost:1" in problem_of(ProviderUnavailable("http://localhost:1 does not answer")).detail


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TooFast(again_in_s=2.1), "3"),
        (RateLimited(retry_after_s=9.0), "9"),
        (RateLimited(), None),
        (TooManyRequests(again_in_s=0.01), "1"),
        (UnknownTask(), None),
    ],
)
def test_when_to_come_again_is_said_where_it_is_known(error, said):
    """`Retry-After` is in whole seconds, never too few."""
    assert answer(error).headers.get("Retry-After") == said


def test_who_has_no_token_hears_how_to_send_one():
    """401 names the scheme."""
    assert answer(NotKnown()).headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_problem_is_ascii_whatever_was_sent():
    """Half a character in a name breaks no answer."""
    assert json.loads(body_of(problem_of(UnknownTask("no task \ud800 ż"))))["detail"] == "no task \ud800 ż"


def test_a_wrong_request_names_fields_and_never_their_values():
    """Findings name where and what; what was sent is not repeated, and there are not too many."""
    wrong = [
        {"type": "string_type", "loc": ("body", "task", n), "msg": "Input should be a string", "input": "s3cret"}
        for n in range(100)
    ]
    told = problem_of(unreadable(RequestValidationError(wrong, body="s3cret")))
    assert told.status == 422
    assert told.facts["findings"][3] == "body.task.3: Input should be a string"
    assert len(told.facts["findings"]) == MOST_FINDINGS
    assert "s3cret" not in body_of(told).decode()


def test_bad_json_is_400_with_the_reason():
    """A body that is no JSON is no request at all."""
    error = {"type": "json_invalid", "loc": ("body", 3), "msg": "JSON decode error", "input": {}, "ctx": {"error": "x"}}
    assert problem_of(unreadable(RequestValidationError([error]))).status == 400


@pytest.mark.parametrize("status", [400, 401, 404, 405, 413, 415, 418, 500, 503])
def test_a_bare_status_keeps_its_number(status):
    """What a library answers with a number alone is a problem of that status."""
    assert status_of(of_status(HTTPException(status))) == status


def test_the_schema_is_in_the_document():
    """What operations refer to is there, with every member described as JSON Schema."""
    assert set(described({"paths": {}})["components"]["schemas"]["Problem"]["properties"]) == {
        "type", "title", "status", "detail", "instance", "kept", "advice", "retryable", "facts",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b"[Infinity]",
        b'["\\ud800"]',
        b'"\xff"',
        b'{"a": 1',
        b"9" * 5000,
        b"",
        b"\xef\xbb\xbf{}",
    ],
    ids=["lists", "objects", "twice", "nan", "infinity", "half", "not UTF-8", "cut", "digits", "empty", "BOM"],
)
def test_json_is_read_strictly(body):
    """What is no JSON, or what two readers could read differently, is refused, and nothing overflows."""
    with pytest.raises(json.JSONDecodeError):
        read_json(body)


def test_good_json_is_read():
    """Whole characters, however they are written, numbers and nesting come through."""
    assert read_json(b'{"a": ["\\ud83d\\ude00", 1e3, {"b": null}]}') == {"a": ["😀", 1000.0, {"b": None}]}


def test_too_large_says_so():
    """413 has its advice."""
    assert (status_of(BodyTooLarge()), BodyTooLarge().advice) == (413, BodyTooLarge.advice)
