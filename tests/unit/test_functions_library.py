"""Every built-in function is complete, says of itself what is true, and has tests that can fail."""

import ast
import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import date, datetime
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from registry.types import Manifest, manifest_text

LIBRARY = Path(__file__).parents[2] / "functions"
NAMES = sorted(folder.name for folder in LIBRARY.iterdir() if folder.is_dir() and folder.name[0].isalpha())
SUITES = ("test_function.py", "test_contract.py")
FILES = {"function.py", "function.json", *SUITES}
# What a sandbox without processes, threads, sockets, host files or a time-zone database can import.
ALLOWED_IMPORTS = {
    *("collections", "csv", "datetime", "decimal", "difflib", "hashlib", "html", "io", "ipaddress", "json", "math"),
    *("re", "typing", "unicodedata", "zlib"),
}
MARKER = "raise"
PLACEHOLDERS = ["0", "1", "-1", "0.0", '""', '"x"', "[]", '["x"]', "{}", '{"x": 1}', "null", "false", "true"]
STUB = """
import json


class Marker(Exception):
    pass


def {name}(*arguments, **named):
    if answer == "raise":
        raise Marker
    return json.loads(answer)
"""
# Runs each test of each folder on standard input once an answer; prints its file, its name and its error's class. What
# is always the same need be found out once a file. Reports are made by hand and tests collected once a folder, because
# the ordinary way takes ten seconds more.
DRIVER = """
import itertools, json, os, pytest, sys

class Recorder:
    def __init__(self, answers):
        self.outcomes = {answer: [] for answer in answers}

    def pytest_runtestloop(self, session):
        for self.answer in self.outcomes:
            for _, items in itertools.groupby(session.items, lambda item: item.path):
                for item in items:
                    sys.modules["function"].answer = self.answer
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                    if self.answer not in ("itself", "raise") and self.outcomes[self.answer][-1][2] == "AssertionError":
                        break
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        error = call.excinfo.typename if call.excinfo else ""
        if error or call.when == "call":
            self.outcomes[self.answer].append([item.path.name, item.name, error])
        outcome = "failed" if error else "passed"
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, call.when)

off = ["cacheprovider", "terminal", "logging", "faulthandler"]
options = ["-c", os.devnull, "-W", "error", "--assert=plain", *(f"-pno:{plugin}" for plugin in off)]
results = {}
for folder, answers in json.load(sys.stdin).items():
    recorder = Recorder(answers)
    # Without the second, all folders above are searched: with an ini-file of /dev/null they count as the project's.
    pytest.main([*options, "--rootdir", folder, "--confcutdir", folder, folder], plugins=[recorder])
    results[folder] = recorder.outcomes
    sys.path.remove(folder)
    for path in os.listdir(folder):
        sys.modules.pop(path.removesuffix(".py"), None)
json.dump(results, sys.stdout)
"""
Outcomes = dict[str, dict[str, list[list[str]]]]


def load(name: str) -> ModuleType:
    """The function's module, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"library_{name}", LIBRARY / name / "function.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def manifest(name: str) -> Manifest:
    """The function's manifest, read from its file."""
    return Manifest.model_validate_json((LIBRARY / name / "function.json").read_text())


def schema(annotation: Any) -> dict[str, Any]:
    """The JSON Schema of a type that crosses the sandbox's border."""
    simple = {bool: "boolean", int: "integer", float: "number", str: "string", NoneType: "null"}
    if annotation in simple:
        return {"type": simple[annotation]}
    if annotation in (date, datetime):
        return {"type": "string", "format": "date" if annotation is date else "date-time"}
    if annotation is object:
        return {}
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        return {"type": "array", "items": schema(arguments[0])}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": schema(arguments[1])}
    if origin is UnionType:
        return {"anyOf": [schema(argument) for argument in arguments]}
    if origin is Literal:
        return {"enum": list(arguments), "type": "string"}
    raise AssertionError(f"{annotation} does not cross the border")


def decoded(value: Any, annotation: Any) -> Any:
    """A JSON value as the type that the function takes."""
    if annotation in (date, datetime) and isinstance(value, str):
        return annotation.fromisoformat(value)
    if get_origin(annotation) is list:
        return [decoded(item, get_args(annotation)[0]) for item in value]
    if get_origin(annotation) is UnionType and value is not None:
        return decoded(value, next(one for one in get_args(annotation) if one is not NoneType))
    return value


@pytest.fixture(scope="session")
def outcomes(once: Callable[[str, Callable[[Path], None]], Path]) -> Outcomes:
    """Each test's file, name and error, by function and by what took its place: itself, or a stub."""
    return json.loads((once("library", run_the_library) / "outcomes.json").read_text())


def run_the_library(root: Path) -> None:
    """Run each function's tests on it and on its stub, and write what came of it into the folder."""
    answers: dict[str, list[str]] = {}
    for name in NAMES:
        stub = STUB.format(name=name)
        for kind, source in {"itself": (LIBRARY / name / "function.py").read_text(), "stub": stub}.items():
            folder = root.resolve() / f"{name}-{kind}"
            folder.mkdir()
            (folder / "function.py").write_text(source)
            for suite in SUITES:
                (folder / suite).write_text((LIBRARY / name / suite).read_text())
            answers[str(folder)] = ["itself"] if kind == "itself" else [MARKER, *PLACEHOLDERS]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(answers),
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = {Path(folder).name: outcomes for folder, outcomes in json.loads(done.stdout).items()}
    by_name = {name: found[f"{name}-itself"] | found[f"{name}-stub"] for name in NAMES}
    (root / "outcomes.json").write_text(json.dumps(by_name))


def test_all_are_there():
    """The library holds the functions that its README names, each with a line of its own, and no others."""
    listed = re.findall(r"^\| `(\w+)", (LIBRARY / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == NAMES
    assert len(NAMES) == 41


@pytest.mark.parametrize("name", NAMES)
def test_folder_holds_its_files_and_no_others(name: str):
    """A function is its source, its manifest and two suites of tests, and nothing else."""
    assert {path.name for path in (LIBRARY / name).iterdir()} - {"__pycache__"} == FILES


@pytest.mark.parametrize("name", NAMES)
def test_manifest_is_valid_and_in_its_one_form(name: str):
    """The manifest validates, names its folder, asks for no rights, and is written as the registry would."""
    found = manifest(name)
    assert (LIBRARY / name / "function.json").read_text() == manifest_text(found)
    assert (found.name, found.requirements, found.grants) == (name, (), ())


@pytest.mark.parametrize("name", NAMES)
def test_aliases(name: str):
    """Each function has five to fourteen distinct aliases, and no alias belongs to two functions."""
    aliases = [alias.casefold() for alias in manifest(name).aliases]
    others = {alias.casefold() for other in NAMES if other != name for alias in manifest(other).aliases}
    assert 5 <= len(set(aliases)) == len(aliases) <= 14
    assert others.isdisjoint(aliases)


@pytest.mark.parametrize("name", NAMES)
def test_schema_equals_signature(name: str):
    """The input schema has the parameters in order, with their types, defaults and descriptions."""
    function = getattr(load(name), name)
    hints = get_type_hints(function)
    section = inspect.getdoc(function).split("Args:\n")[1].split("\n\n")[0]
    described = dict(re.findall(r"^ {4}(\w+): ((?:.|\n {8})+)", section, re.MULTILINE))
    properties, required = {}, []
    for parameter in inspect.signature(function).parameters.values():
        properties[parameter.name] = schema(hints[parameter.name])
        properties[parameter.name]["description"] = " ".join(described[parameter.name].split())
        if parameter.default is parameter.empty:
            required.append(parameter.name)
        else:
            properties[parameter.name]["default"] = parameter.default
    found = manifest(name)
    assert found.input_schema == {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    assert found.parameters == tuple(properties)
    assert found.output_schema == schema(hints["return"])


@pytest.mark.parametrize("name", NAMES)
def test_description_is_the_docstrings_first_line(name: str):
    """What the registry says of a function is what its source says."""
    assert manifest(name).description == inspect.getdoc(getattr(load(name), name)).splitlines()[0]


@pytest.mark.parametrize("name", NAMES)
def test_examples_hold(name: str):
    """Each example gives its result each time, as a JSON value, and leaves its arguments alone."""
    function = getattr(load(name), name)
    hints = get_type_hints(function)
    examples = manifest(name).examples
    assert len(examples) >= 2
    for example in examples:
        arguments = {key: decoded(value, hints[key]) for key, value in example.arguments.items()}
        before = deepcopy(arguments)
        results = [
            json.dumps(function(**arguments), allow_nan=False, default=lambda day: day.isoformat()) for _ in range(2)
        ]
        assert results == [json.dumps(example.output)] * 2
        assert arguments == before


@pytest.mark.parametrize("name", NAMES)
def test_source_is_one_public_function_on_the_standard_library(name: str):
    """The source defines one public name, its function, and imports what every sandbox has."""
    tree = ast.parse((LIBRARY / name / "function.py").read_text())
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert ast.get_docstring(tree)
    assert [one for one in defined if not one.startswith("_")] == [name]
    assert {module.split(".")[0] for module in imported} <= ALLOWED_IMPORTS


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", NAMES)
def test_tests_state_their_promise(name: str, suite: str):
    """Each suite has eight to fifteen tests, and each test says in a sentence what it checks."""
    tree = ast.parse((LIBRARY / name / suite).read_text())
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    assert 8 <= len(tests) <= 15
    assert [test.name for test in tests if not (ast.get_docstring(test) or "").endswith(".")] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_second_suite_knows_the_function_alone(name: str):
    """It says what it is, brings no copy and no helpers, and imports the function and what every sandbox has."""
    tree = ast.parse((LIBRARY / name / "test_contract.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("test_")]
    assert ast.get_docstring(tree)
    assert "function" in imported
    assert imported - {"function", "pytest"} <= ALLOWED_IMPORTS
    assert others == []


def results_of(suite: str, outcomes: Outcomes, name: str, answer: str) -> list[tuple[str, str]]:
    """The names and errors of one suite's tests."""
    return [(test, error) for file, test, error in outcomes[name][answer] if file == suite]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", NAMES)
def test_own_tests_pass(name: str, suite: str, outcomes: Outcomes):
    """Every test passes on the function; none is skipped or expected to fail."""
    results = results_of(suite, outcomes, name, "itself")
    assert len(results) >= 8
    assert [result for result in results if result[1]] == []


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", NAMES)
def test_every_test_is_red_on_a_stub(name: str, suite: str, outcomes: Outcomes):
    """Every test fails with the stub's own error: none passes without the function or swallows errors."""
    results = results_of(suite, outcomes, name, MARKER)
    assert len(results) == len(results_of(suite, outcomes, name, "itself"))
    assert [result for result in results if result[1] != "Marker"] == []


@pytest.mark.parametrize("value", PLACEHOLDERS)
@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", NAMES)
def test_placeholders_fail_by_assertion(name: str, suite: str, value: str, outcomes: Outcomes):
    """A function that always returns the same thing is found out by an assertion."""
    assert "AssertionError" in {error for _, error in results_of(suite, outcomes, name, value)}
