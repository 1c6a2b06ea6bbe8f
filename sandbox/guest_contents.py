"""What every guest finds installed and loaded. It is read inside the guest too: standard library only."""

import importlib.metadata
import importlib.resources
import shutil
from pathlib import Path

GUEST_PACKAGES = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
"""What pytest needs inside the guest: pure Python all of them, copied from this environment."""

RUNNER_FILES = (
    "guest.py", "guest_chat.py", "guest_codehost.py", "guest_contents.py", "guest_host.py", "guest_loop.py",
    "guest_many.py", "guest_script.py", "guest_values.py", "frames.py",
)  # fmt: skip
"""Our own files in the guest, in the package that they are in here."""
FACE_FILE = "kowal_host.py"
"""The one that the guest's code imports: it lies at the top."""

GUEST_IMPORTS = (
    "asyncio", "csv", "datetime", "decimal", "difflib", "fractions", "hashlib",
    "html", "json", "math", "pdb",
    "random", "re", "statistics", "string", "textwrap", "unicodedata", "uuid", "pytest", "kowal_host",
    "_pytest.assertion.rewrite", "_pytest.python", "_pytest.terminal", "_pytest._io.pprint",
)  # fmt: skip
"""What functions and tests import most: a module that is loaded already costs nothing at the call."""

WARM_UP = {
    "op": "call",
    "source": "import inspect\ndef f(x: int) -> int:\n    inspect.getmodule(inspect.currentframe())\n    return x\n",
    "function": "f",
    "arguments": {"x": 1},
    "max_result_bytes": 1000,
    "max_output_bytes": 1000,
}
"""A first call: what the interpreter learns at it is there then, and not paid at every call.

`getmodule` looks at the file of every module, which the first failing test would do (20 ms).
"""


def package_versions(*more: str) -> list[str]:
    """The guest's packages, and others by name, each with its version here."""
    return [f"{name} {importlib.metadata.version(name)}" for name in (*more, *GUEST_PACKAGES)]


def runner_texts() -> dict[str, str]:
    """Our own files in the guest, by their path there."""
    own = importlib.resources.files("sandbox")
    texts = {f"sandbox/{name}": own.joinpath(name).read_text("utf-8") for name in RUNNER_FILES}
    return texts | {"sandbox/__init__.py": "", FACE_FILE: own.joinpath(FACE_FILE).read_text("utf-8")}


def copy_runner(target: Path) -> None:
    """Write our own files as the guest has them."""
    for name, text in runner_texts().items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text, "utf-8")


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
