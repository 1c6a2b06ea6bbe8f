"""The type stubs of the guest's API say what the code is, and the documented example fits them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.guest_contents import copy_runner

ROOT = Path(__file__).parents[2]
STUBS = ROOT / "sandbox" / "stubs"


def mypy(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A run of mypy's tools in a folder, with the stubs and nothing of ours."""
    environment = os.environ | {"MYPYPATH": str(STUBS), "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_stubs_say_what_the_module_is(tmp_path: Path) -> None:
    """The comparison of mypy's own of the stubs with the module as it lies in the guest finds no difference."""
    copy_runner(tmp_path)
    done = mypy("mypy.stubtest", "kowal_host", "--ignore-disjoint-bases", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "fits"), [("", True), ("\nasync def g() -> int:\n    return await host.llm.ask(5)\n", False)]
)
def test_the_documented_example_is_typed(tmp_path: Path, text: str, fits: bool) -> None:
    """The example of docs/host-api.md passes `mypy --strict` with the stubs, and a wrong use does not."""
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "host-api.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "function.py").write_text(code[0] + text)
    (tmp_path / "test_function.py").write_text(code[1])
    done = mypy("mypy", "--strict", "function.py", "test_function.py", folder=tmp_path)
    assert (done.returncode == 0) == fits, done.stdout + done.stderr
