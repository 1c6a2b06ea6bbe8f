"""Check: what can be seen in the source without running it. Findings are evidence; the sandbox is the boundary."""

import ast
import re
import sys
from collections.abc import Iterator

from packaging.requirements import Requirement

from agent.checks.trial import Trial
from agent.evidence import hardcoded
from agent.evidence.statements import Arguments, Promise, examples_in
from agent.source import names
from agent.source.signature import parse
from agent.source.unreachable import unreachable
from agent.types import CheckResult
from agent.well_known import module_of
from sandbox import Call

NAME = "static"

TEST_MODULES = frozenset({"function", "pytest"})
"""What tests may import beyond the standard library."""
OUT_OF_BOUNDS = frozenset({"_pytest", "conftest", "ctypes", "gc", "pytest", "subprocess", "unittest"})
"""What a function has no business with: test machinery, other processes, the interpreter's own objects."""
HOST = "kowal_host"
"""The module by which a function asks its host; what it may ask is not for reading to say."""
GUESTS_OWN = frozenset({"iniconfig", "packaging", "pluggy", "pygments"})
"""What is there for pytest's sake, whatever a function declares."""
FINDER = """
from importlib.util import find_spec

def find(names):
    specs = {name: find_spec(name) for name in names}
    places = {name: [spec.origin, *(spec.submodule_search_locations or ())] for name, spec in specs.items() if spec}
    return [name for name in places if any("packages/" in str(place) for place in places[name])]
"""
"""Says which modules lie where packages are: in `/packages` or in `/site-packages`."""
REACHING = frozenset(
    {"sys.modules", "sys.settrace", "sys.setprofile", "sys._getframe", "os._exit", "builtins.__dict__"}
)
"""Attributes by which code changes or leaves the interpreter it runs in."""
SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    r"|\bglpat-[\w-]{20}\b|\bsk-[A-Za-z0-9_-]{32,}|\bxox[abprs]-[\w-]{10,}"
)
"""The published shapes of keys: PEM (RFC 7468), AWS, GitHub, GitLab, OpenAI, Slack."""


def check(trial: Trial) -> CheckResult:
    """Passed where nothing was found. What is only odd (an unused import) is noted in the evidence."""
    try:
        findings, notes = read(trial)
    except RecursionError:
        findings, notes = ["function.py is nested too deep to be read"], []
    summary = f"{len(findings)} static findings" if findings else ""
    evidence = {"notes": notes} if notes else {}
    return CheckResult(check=NAME, passed=not findings, summary=summary, findings=tuple(findings), evidence=evidence)


def read(trial: Trial) -> tuple[list[str], list[str]]:
    """What refuses the function, and what is worth a note."""
    function = trial.function
    source, tests = parse(function.source), parse(function.tests)
    packages = {HOST, *modules_of_packages(trial, source, tests)}
    broken, odd = names.read(source)
    findings = [
        *foreign_imports("function.py", source, packages),
        *foreign_imports("test_function.py", tests, packages | TEST_MODULES),
        *reaching(source),
        *swallowing(source),
        *secrets(f"{function.source}\n{function.tests}"),
        *(f"function.py {finding}" for finding in broken),
        *(f"function.py line {line}: nothing gets here, behind {why}" for line, why in unreachable(source)),
        *hashing(source),
        *by_heart(trial),
    ]
    if not findings:  # the look-up runs in the sandbox: last
        findings = [f"function.py {finding}" for finding in names.absent(source, trial.sandbox)]
    return findings, [*odd, *names.unused_helpers(source)]


def modules_of_packages(trial: Trial, *trees: ast.Module) -> set[str]:
    """The modules of the declared packages: those that their names say, and of others what the sandbox finds there."""
    named = {module_of(Requirement(text).name) for text in trial.function.manifest.requirements} - OUT_OF_BOUNDS
    tops = {module.partition(".")[0] for tree in trees for _, module in imported(tree)}
    unknown = tops - {*sys.stdlib_module_names, *named, *TEST_MODULES, *OUT_OF_BOUNDS, *GUESTS_OWN, HOST, ""}
    if not trial.function.manifest.requirements or not unknown:
        return named
    found = trial.sandbox.call(Call(source=FINDER, function="find", arguments={"names": sorted(unknown)})).value
    return named | (unknown & set(map(str, found or ())))


def foreign_imports(file: str, tree: ast.Module, allowed: frozenset[str] | set[str]) -> Iterator[str]:
    """Imports that neither the standard library nor a declared package has."""
    for line, module in imported(tree):
        top = module.partition(".")[0]
        if top not in allowed and (top in OUT_OF_BOUNDS or top not in sys.stdlib_module_names):
            where = "a relative import" if not top else f"`import {module}`"
            yield f"{file} line {line}: {where} is neither in the standard library's safe part nor a declared package"


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of every imported module; an empty name for a relative import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "" if node.level else node.module or ""


def reaching(tree: ast.Module) -> Iterator[str]:
    """Uses of attributes that change or leave the interpreter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (name := ast.unparse(node)) in REACHING:
            yield f"function.py line {node.lineno}: `{name}` reaches into the interpreter"


def swallowing(tree: ast.Module) -> Iterator[str]:
    """Handlers that hide every error."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ExceptHandler)
            and catches_all(node)
            and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        ):
            yield f"function.py line {node.lineno}: this `except` hides every error: name the one that is expected"


def catches_all(handler: ast.ExceptHandler) -> bool:
    """True for `except:`, `except Exception:` and `except BaseException:`."""
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )


def hashing(tree: ast.Module) -> Iterator[str]:
    """Calls of `hash`, which gives a text another number in every process."""
    if "hash" in set(names.bindings(tree)):
        return
    own = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "__hash__"
           for inner in ast.walk(node)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "hash" and isinstance(node.ctx, ast.Load) and id(node) not in own:
            yield f"function.py line {node.lineno}: `hash` gives a text another number in every run: use `hashlib`"


def by_heart(trial: Trial) -> Iterator[str]:
    """Answers that are looked up among the examples."""
    function = trial.function
    examples = (*trial.task.examples, *trial.answers, *function.manifest.examples)
    promises = [Promise(arguments=Arguments(named=tuple(example.arguments.items())), value=example.output)
                for example in examples]  # fmt: skip
    promises += examples_in(trial.task.text, function.name)
    if fault := hardcoded.fault_of(function.source, function.name, promises):
        yield f"function.py: {fault}"


def secrets(text: str) -> Iterator[str]:
    """Keys and tokens in plain sight; the finding does not repeat them."""
    if SECRETS.search(text):
        yield "something that looks like a key or a token stands in the code: pass it as an argument"
