"""What the code promises about itself: no dynamic execution, one reader of the environment, small documented files."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "registry", "sandbox", "integrations")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LIBRARY = sorted((ROOT / "functions").rglob("*.py"))
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 60

DYNAMIC_NAMES = {"exec", "eval", "compile", "__import__"}
DYNAMIC_MODULES = {"runpy", "pickle", "marshal", "shelve", "dill", "cloudpickle", "imp"}

ALLOWED = {
    "sandbox/guest.py": {"exec", "compile", "broad except"},
    "agent/loader.py": {"importlib.import_module"},
    "agent/config.py": {"environment"},
    "agent/talking/listening.py": {"broad except"},
    "agent/talking/reporter.py": {"broad except"},
    "agent/workflow/turns.py": {"broad except"},
    "agent/serving/supervisor.py": {"subprocess"},
    "integrations/http/answering.py": {"broad except"},
    "integrations/codehost/_fake_gitlab_git.py": {"subprocess"},
    "integrations/llm/_litellm_asked.py": {"environment"},
    "integrations/llm/_tailscale.py": {"subprocess"},
    "registry/commands.py": {"environment", "subprocess"},
    "registry/postgres.py": {"subprocess"},
    "sandbox/children.py": {"subprocess"},
    "sandbox/snapshot.py": {"subprocess"},
    "sandbox/docker_base.py": {"subprocess"},
    "sandbox/resolver.py": {"subprocess"},
    "sandbox/guest_server.py": {"importlib.import_module", "environment", "subprocess"},
}
"""Who may do what the others may not. The guest runner runs inside the sandbox only, the guest server in a container
only; the loader knows four packages; the registry looks for git's own redirecting variables and runs git; the sandbox
starts its children and its builders; the fake code host runs git in a folder of its own; a model provider asks the
command that the settings name where servers are, and tells LiteLLM, which hears nothing else while it is imported, to
stay off the network. A task ends even where Kowal itself is at fault, and one message or one task of a chat keeps no
others from being served; nor does one request."""


def sins(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each thing in the code that only some files may do."""
    for node in ast.walk(tree):
        for name in named(node):
            yield getattr(node, "lineno", 0), name


def named(node: ast.AST) -> Iterator[str]:
    """The names of what one node does."""
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in DYNAMIC_NAMES:
            yield name
        case ast.Attribute(value=ast.Name(id="builtins"), attr=name) if name in DYNAMIC_NAMES:
            yield name
        case ast.Attribute(value=ast.Name(id="importlib"), attr="import_module"):
            yield "importlib.import_module"
        case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "putenv"):
            yield "environment"
        case ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen" | "fork" | "execv" | "posix_spawn"):
            yield "subprocess"
        case ast.Import() | ast.ImportFrom():
            yield from imported(node)
        case ast.ExceptHandler() if is_broad(node):
            yield "broad except"


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """What an import gives that only some files may have."""
    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        whole = f"{module}.{alias.name}" if module else alias.name
        if whole.split(".")[0] in DYNAMIC_MODULES:
            yield whole.split(".")[0]
        if whole.split(".")[0] in ("subprocess", "multiprocessing"):
            yield "subprocess"
        if whole in ("importlib.import_module", "importlib.__import__") or whole.startswith("importlib.machinery"):
            yield "importlib.import_module"
        if whole in ("os.environ", "os.getenv"):
            yield "environment"
        if alias.name in DYNAMIC_NAMES and module == "builtins":
            yield alias.name


def is_broad(handler: ast.ExceptHandler) -> bool:
    """True where everything is caught and not passed on: `raise` alone as the last statement is clean-up."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
    last = handler.body[-1]
    passed_on = isinstance(last, ast.Raise) and last.exc is None
    return (handler.type is None or bool(names & {"Exception", "BaseException"})) and not passed_on


def relative(path: Path) -> str:
    """The path as people name it."""
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text("utf-8"), str(path))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_module_does_what_only_others_may(path: Path) -> None:
    """Dynamic code, the environment, processes and broad excepts stand only where the table allows them."""
    allowed = ALLOWED.get(relative(path), set())
    assert [f"{relative(path)}:{line} {name}" for line, name in sins(parsed(path)) if name not in allowed] == []


@pytest.mark.parametrize("path", LIBRARY, ids=relative)
def test_the_function_library_imports_the_standard_library_only(path: Path) -> None:
    """A function imports nothing of ours and nothing installed; its tests may have pytest and the function."""
    known = {*sys.stdlib_module_names, *(("pytest", "function") if path.name.startswith("test_") else ())}
    roots = {name.split(".")[0] for node in ast.walk(parsed(path)) for name in roots_of(node)}
    assert roots <= known
    assert [name for _, name in sins(parsed(path)) if name not in ("environment",)] == []


def roots_of(node: ast.AST) -> list[str]:
    """The modules that one statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "")]
    return []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_nothing_imports_the_function_library(path: Path) -> None:
    """Promoted and built-in code is run in a sandbox and never imported by the product."""
    assert not [name for node in ast.walk(parsed(path)) for name in roots_of(node) if name.split(".")[0] == "functions"]


def test_the_table_of_exceptions_is_needed() -> None:
    """Each entry of the table is used: what nobody does any more is not allowed any more."""
    for name, allowed in ALLOWED.items():
        assert allowed == {sin for _, sin in sins(parsed(ROOT / name))} & allowed, name


def test_the_loader_knows_these_packages() -> None:
    """What is imported by name comes from the model providers and the sandbox back ends, nothing else."""
    from agent.errors import BadSettings
    from agent.loader import OFFERS, available, load

    assert set(OFFERS) == {"integrations.chat", "integrations.codehost", "integrations.llm", "sandbox.backends"}
    assert available("os") == available("functions") == []
    with pytest.raises(BadSettings):
        load("functions", "slugify")
    with pytest.raises(BadSettings):
        load("sandbox.backends", "..guest")


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_modules_are_documented_and_small(path: Path) -> None:
    """A module opens with a sentence that says what belongs in it; files and functions keep their size."""
    text = path.read_text("utf-8")
    tree = parsed(path)
    assert not text.strip() or ast.get_docstring(tree), f"{relative(path)} has no docstring"
    assert len(text.splitlines()) <= MAX_FILE_LINES
    assert long_functions(tree) == []


def long_functions(tree: ast.AST) -> list[str]:
    """The functions above the limit, with their length."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    return [f"{name}: {length}" for name, length in lengths.items() if length > MAX_FUNCTION_LINES]


@pytest.mark.parametrize(
    ("snippet", "name"),
    [
        ("exec('1')", "exec"),
        ("x = eval(y)", "eval"),
        ("compile(a, b, 'exec')", "compile"),
        ("import builtins\nbuiltins.exec('1')", "exec"),
        ("from builtins import eval", "eval"),
        ("import pickle", "pickle"),
        ("from marshal import loads", "marshal"),
        ("import importlib\nimportlib.import_module('x')", "importlib.import_module"),
        ("from importlib import import_module", "importlib.import_module"),
        ("__import__('x')", "__import__"),
        ("import os\nos.environ['A']", "environment"),
        ("from os import getenv", "environment"),
        ("import subprocess as s", "subprocess"),
        ("import os\nos.system('x')", "subprocess"),
        ("try: pass\nexcept Exception: pass", "broad except"),
        ("try: pass\nexcept: pass", "broad except"),
        ("try: pass\nexcept (ValueError, BaseException) as e: raise X from e", "broad except"),
    ],
)
def test_the_checker_sees_a_sin(snippet: str, name: str) -> None:
    """Each kind of sin is found in a snippet that commits it."""
    assert name in [sin for _, sin in sins(ast.parse(snippet))]


@pytest.mark.parametrize(
    "snippet",
    [
        "import re\nre.compile('x')",
        "import importlib.resources",
        "try: pass\nexcept BaseException:\n    clean()\n    raise",
        "import ast\nast.literal_eval('1')",
    ],
)
def test_the_checker_lets_the_harmless_pass(snippet: str) -> None:
    """What only looks similar is not reported."""
    assert list(sins(ast.parse(snippet))) == []


def test_the_checker_sees_a_long_function() -> None:
    """A function of 61 lines is reported."""
    assert long_functions(ast.parse("def f():\n" + "    x = 1\n" * 60)) == ["f: 61"]
