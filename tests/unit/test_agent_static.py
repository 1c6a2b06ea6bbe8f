"""The static check, finding by finding."""

import pytest

from agent.checks import static
from agent.checks.trial import Trial
from agent.types import CheckResult, Task
from registry import Function, Manifest

TESTS = "from function import f\n\ndef test_it():\n    assert f(1) == 2\n"
GOOD = "import math\n\ndef f(x: int) -> int:\n    return math.floor(x) + 1\n"


class NoSandbox:
    """Stands where a sandbox would: this check must not need one."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError("the static check ran something")


def checked(source: str, tests: str = TESTS, requirements: tuple[str, ...] = ()) -> CheckResult:
    """What the check says of a function with this source."""
    manifest = Manifest(name="f", description="Adds one.", input_schema={"type": "object"}, requirements=requirements)
    function = Function(manifest=manifest, source=source, tests=tests)
    return static.check(Trial(function=function, sandbox=NoSandbox(), task=Task(text="add one")))  # type: ignore[arg-type]


def test_plain_code_has_no_findings():
    """What uses the standard library and pytest as meant passes."""
    assert checked(GOOD, f"import pytest\n{TESTS}").passed


@pytest.mark.parametrize("module", ["numpy", "requests.adapters", "_pytest", "subprocess", "ctypes", "no_such_package"])
def test_a_foreign_import_is_named(module: str):
    """An import from beyond the safe part of the standard library is a finding with its line and name."""
    result = checked(f"{GOOD}\nimport {module}\n")
    assert not result.passed
    assert f"`import {module}`" in result.findings[0]
    assert "line 6" in result.findings[0]


def test_a_declared_package_may_be_imported():
    """What the manifest requires is no finding."""
    assert checked(f"import numpy\n{GOOD}", requirements=("numpy>=2",)).passed


def test_a_relative_import_is_a_finding():
    """A function is one file: there is nothing beside it."""
    assert "relative import" in checked(f"from . import other\n{GOOD}").findings[0]


def test_tests_may_not_import_what_is_not_there():
    """The same holds for the tests, which may import the function and pytest besides."""
    assert "test_function.py" in checked(GOOD, f"import requests\n{TESTS}").findings[0]


@pytest.mark.parametrize("reach", ["sys.modules['x'] = 1", "os._exit(0)", "sys._getframe()"])
def test_reaching_into_the_interpreter_is_a_finding(reach: str):
    """Code that changes or leaves the interpreter has no place in a function."""
    assert "reaches into the interpreter" in checked(f"import os, sys\n{GOOD}    {reach}\n").findings[0]


@pytest.mark.parametrize("clause", ["except:", "except Exception:", "except BaseException as error:"])
def test_hiding_every_error_is_a_finding(clause: str):
    """A handler for everything that raises nothing hides faults."""
    source = f"def f(x: int) -> int:\n    try:\n        return x + 1\n    {clause}\n        return 0\n"
    assert "hides every error" in checked(source).findings[0]


def test_translating_every_error_is_none():
    """A handler that raises again hides nothing."""
    source = "def f(x: int) -> int:\n    try:\n        return x\n    except Exception:\n        raise KeyError\n"
    assert checked(source).passed


@pytest.mark.parametrize(
    "secret", ["AKIA" + "A" * 16, "ghp_" + "a" * 36, "glpat-" + "b" * 20, "-----BEGIN RSA PRIVATE KEY-----"]
)
def test_a_key_in_the_code_is_a_finding_that_does_not_repeat_it(secret: str):
    """Keys are found by their published shapes, and never quoted."""
    findings = checked(f"KEY = '{secret}'\n{GOOD}").findings
    assert "key or a token" in findings[0]
    assert secret not in str(findings)
