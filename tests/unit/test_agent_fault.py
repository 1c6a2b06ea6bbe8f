"""Whose fault a failed run is: by the exception's name, by the version's specification, else the function's."""

import importlib
from typing import Any

import pytest

from agent.fault import BAD_VALUES, fault_of
from registry import Function, Manifest, Status, Version
from sandbox import Failure, FailureKind


def version(evidence: dict[str, Any] | None = None, source: str = "") -> Version:
    """A version with that evidence and source."""
    manifest = Manifest(name="f", description="Does it.", input_schema={})
    function = Function(manifest=manifest, source=source, tests="")
    return Version(function=function, commit="0" * 40, status=Status.PRODUCTION, evidence=evidence or {})


def raised(exception: str) -> Failure:
    """A failure by that exception."""
    return Failure(kind=FailureKind.EXCEPTION, message="it failed", exception=exception)


def specified(*errors: Any) -> dict[str, Any]:
    """Evidence whose specification names these errors."""
    return {"specification": {"bad_input": [{"when": "it is bad", "raises": error} for error in errors]}}


def test_a_value_is_nobodys_fault():
    """Where nothing failed there is none."""
    assert fault_of(None, version()) == ""


@pytest.mark.parametrize("name", sorted(BAD_VALUES))
def test_bad_input_is_the_callers(name):
    """A `ValueError` and the listed subclasses are how a function refuses input; each is one in this Python, too."""
    assert fault_of(raised(name), version()) == "caller"
    module, _, plain = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module or "builtins"), plain), ValueError)


@pytest.mark.parametrize("name", ["KeyError", "TypeError", "ZeroDivisionError", "AssertionError", "MyValueError", ""])
def test_other_exceptions_are_the_functions(name):
    """What is not known as a refusal is a failure of the function."""
    assert fault_of(raised(name), version()) == "function"


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind is not FailureKind.EXCEPTION])
def test_whatever_else_ends_a_run_is_the_functions(kind):
    """Time-outs, limits, crashes and results without a JSON form are not the caller's doing."""
    assert fault_of(Failure(kind=kind, message="stopped"), version()) == "function"


def test_the_specification_has_the_last_word():
    """An exception that bad input gets by the specification is the caller's fault, another one is not."""
    made = version(specified("LookupError", "ZeroDivisionError"))
    assert fault_of(raised("ZeroDivisionError"), made) == "caller"
    assert fault_of(raised("KeyError"), made) == "function"


def test_an_error_is_known_by_the_name_people_write():
    """`csv.Error` calls itself `_csv.Error`."""
    assert fault_of(raised("_csv.Error"), version(specified("csv.Error"))) == "caller"
    assert fault_of(raised("_csv.Error"), version()) == "function"


@pytest.mark.parametrize("name", ["BadIban", "TooShort"])
def test_a_functions_own_refusal_is_the_callers_fault(name):
    """A class that the function makes from `ValueError`, directly or not, says that its input is bad."""
    source = "class BadIban(ValueError):\n    pass\n\n\nclass TooShort(BadIban):\n    pass\n"
    assert fault_of(raised(name), version(source=source)) == "caller"
    assert fault_of(raised(name), version(source=source.replace("ValueError", "KeyError"))) == "function"
    assert fault_of(raised(name), version(source="class BadIban(")) == "function"


@pytest.mark.parametrize(
    "evidence",
    [
        {"specification": None},
        {"specification": []},
        {"specification": {}},
        {"specification": {"bad_input": ["KeyError"]}},
        {"specification": {"bad_input": [{"when": "never"}]}},
        specified(""),
    ],
)
def test_evidence_of_another_shape_names_no_errors(evidence):
    """Evidence from elsewhere is read as far as it can be, and never taken for more."""
    assert fault_of(raised("KeyError"), version(evidence)) == "function"
    assert fault_of(Failure(kind=FailureKind.TIMEOUT, message="stopped"), version(evidence)) == "function"


@pytest.mark.parametrize("kind", [FailureKind.EXCEPTION, FailureKind.TIMEOUT])
def test_a_host_that_did_not_serve_takes_the_blame(kind):
    """Where the function's asks were not served, its exception or its waiting is the host's fault."""
    failure = Failure(kind=kind, message="it failed", exception="kowal_host.HostError")
    assert fault_of(failure, version(), troubled=True) == "host"
    assert fault_of(failure, version()) == "function"


def test_a_troubled_host_excuses_nothing_else():
    """Bad input stays the caller's; memory, crashes and results are the function's whatever the host did."""
    assert fault_of(raised("ValueError"), version(), troubled=True) == "caller"
    for kind in set(FailureKind) - {FailureKind.EXCEPTION, FailureKind.TIMEOUT}:
        assert fault_of(Failure(kind=kind, message="it failed"), version(), troubled=True) == "function"
    assert fault_of(None, version(), troubled=True) == ""
