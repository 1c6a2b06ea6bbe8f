"""The built wheel holds all that the product needs and no more, and works where nothing but it is installed."""

import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = {
    "agent/py.typed", "registry/py.typed", "sandbox/py.typed", "integrations/py.typed",
    *(f"agent/prompts/{name}.md" for name in (
        "arguments", "change", "code", "enhance", "generate", "match", "repair", "respecify", "retest", "specified",
        "specify", "task", "test",
    )),
    "agent/demo_data/sales.csv", "sandbox/guest.py", "sandbox/guest_server.py", "sandbox/sandbox.Dockerfile",
    "registry/migrations/env.py", "registry/migrations/versions/0001_first_tables.py",
    "integrations/llm/scripted_demo.toml", "integrations/llm/fake_ollama.py",
    "functions/count_words/function.py", "functions/count_words/function.json",
    "functions/count_words/test_function.py", "kowal_host-stubs/__init__.pyi",
}  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`kowal`, installed from the wheel into an environment that borrows this one's dependencies."""
    place = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True, timeout=120)
    python = place / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, timeout=120)
    libraries = sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)})
    # A .pth file adds the folder and not what that folder's own .pth files name: this checkout stays out.
    (Path(libraries) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.with_name("kowal")


def test_the_wheel_holds_what_is_needed_and_no_more(wheel):
    """Functions, prompts, data, migrations, stubs and marks travel; tests, containers, caches and documents do not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert names >= NEEDED
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "agent", "functions", "integrations", "kowal_host-stubs", "registry", "sandbox",
    }  # fmt: skip
    assert not [name for name in names if name.endswith(".pyc") or "__pycache__" in name]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_what_is_installed_is_the_wheel(command, bare):
    """The code that runs lies in the fresh environment, not in this checkout."""
    program = "import agent, registry, sandbox, functions; print(agent.__file__, sandbox.__file__, functions.__file__)"
    done = subprocess.run(
        [command.with_name("python"), "-c", program],
        cwd=bare.folder, env=dict(bare.environment), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert all(path.startswith(str(command.parents[1])) for path in done.stdout.split())


def test_the_installed_command_makes_a_registry_and_runs(command, sparse):
    """`kowal init` and `kowal run` work from any folder."""
    home = replace(sparse, command=str(command))
    assert home.run("--version").stdout.startswith("kowal ")
    assert len(home.json("init")["functions"]) == 3
    outcome = home.json("run", "count words in a text", "-a", "text=a b")
    assert (outcome["value"], outcome["function"]) == (2, "count_words")
    done = home.run("run", "fold a paper plane", code=3)
    assert "ollama serve" in done.stderr
