"""What every guest finds installed and loaded. It is read inside the guest too: standard library only."""

import importlib.metadata
import shutil
from pathlib import Path

GUEST_PACKAGES = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
"""What pytest needs inside the guest: pure Python all of them, copied from this environment."""

GUEST_IMPORTS = (
    "asyncio", "csv", "datetime", "decimal", "difflib", "fractions", "hashlib",
    "html", "json", "math", "pdb",
    "random", "re", "statistics", "string", "textwrap", "unicodedata", "uuid", "pytest",
    "_pytest.assertion.rewrite", "_pytest.python", "_pytest.terminal", "_pytest._io.pprint",
)  # fmt: skip
"""What functions and tests import most: a module that is loaded already costs nothing at the call."""

WARM_UP = {
    "op": "call",
    "source": "def f(x: int) -> int:\n    return x\n",
    "function": "f",
    "arguments": {"x": 1},
    "max_result_bytes": 1000,
    "max_output_bytes": 1000,
}
"""A first call: what the interpreter learns at it is there then, and not paid at every call."""


def package_versions(*more: str) -> list[str]:
    """The guest's packages, and others by name, each with its version here."""
    return [f"{name} {importlib.metadata.version(name)}" for name in (*more, *GUEST_PACKAGES)]


def copy_packages(target: Path) -> None:
    """Copy the guest's packages from this environment, without compiled files."""
    for name in GUEST_PACKAGES:
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or ():
            if file.suffix == ".pyc" or file.parts[0] in ("..", "bin"):
                continue
            goal = target / file
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(distribution.locate_file(file)), goal)
