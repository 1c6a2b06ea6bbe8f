"""What the packages show: `__all__` is what they offer, and errors carry an exit code and advice."""

import ast
import importlib
import pkgutil
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import KowalError
from registry.errors import RegistryError
from sandbox.errors import SandboxError

ROOT = Path(__file__).parents[2]
FACES = ("agent", "registry", "sandbox")
EXTRAS = ("openai", "litellm")
"""Packages that not everybody has."""
ROOTS = (KowalError, RegistryError, SandboxError)


def imported_names(text: str) -> set[str]:
    """The public names that an `__init__` takes from elsewhere, at run time or for type checkers, or defines itself."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module != "typing":
            names |= {alias.asname or alias.name for alias in node.names}
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("package", FACES)
def test_all_is_what_the_package_offers(package: str) -> None:
    """Every name in `__all__` is there, none is listed twice, the list is sorted, and nothing public is left out."""
    module = importlib.import_module(package)
    assert sorted(set(module.__all__)) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name, None) is not None, name
    from_ours = {
        name
        for name in imported_names((ROOT / package / "__init__.py").read_text("utf-8"))
        if not isinstance(shown := getattr(module, name, None), types.ModuleType)
        and getattr(shown, "__module__", package).split(".")[0] == package
    }
    assert from_ours <= set(module.__all__)


def test_the_checker_sees_a_name_left_out() -> None:
    """A public import that `__all__` lacks would be found."""
    assert imported_names("from a.b import C, _d\nfrom a import e as f") == {"C", "f"}


def errors() -> Iterator[type[Exception]]:
    """Every error class of the product, from all its modules."""
    for package in ("agent", "registry", "sandbox", "integrations"):
        for entry in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if "migrations" not in entry.name and not entry.name.endswith(("guest", "engine", "__main__")):
                try:
                    importlib.import_module(entry.name)
                except ModuleNotFoundError as error:
                    if error.name not in EXTRAS:
                        raise
    waiting: list[type[Exception]] = list(ROOTS)
    while waiting:
        kind = waiting.pop()
        if kind.__module__.split(".")[0] in ("agent", "registry", "sandbox", "integrations"):
            yield kind
            waiting += kind.__subclasses__()


@pytest.mark.parametrize(
    "kind", sorted(set(errors()), key=lambda kind: kind.__qualname__), ids=lambda kind: kind.__name__
)
def test_an_error_says_what_to_do(kind: type[KowalError]) -> None:
    """Each error has a docstring of its own, which is its message, an exit code, and advice, its own or inherited."""
    assert kind.__doc__
    assert "__doc__" in vars(kind)
    assert isinstance(kind.exit_code, int)
    assert 0 < kind.exit_code < 126
    assert isinstance(kind.retryable, bool)
    assert kind in ROOTS or kind.advice.strip(), f"{kind.__name__} gives no advice"


def test_exit_codes_are_documented() -> None:
    """The page of exit codes names each code that an error can end with."""
    page = ROOT / "docs/exit-codes.md"
    codes = {kind.exit_code for kind in errors()}
    assert {code for code in codes if f"{code}" not in page.read_text("utf-8")} == set()
