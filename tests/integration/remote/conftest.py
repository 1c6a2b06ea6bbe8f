"""A git remote on disk, and copies of the registry that it holds, each as on a machine of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from registry import Function, Manifest, Registry, Remote

PROGRAM = """
import sys
from pathlib import Path
from registry import Registry, Remote
registry = Registry.open(Path(sys.argv[1]), remote=Remote(place=sys.argv[2]))
"""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A remote and who uses it."""

    folder: Path
    opened: list[Registry] = field(default_factory=list)

    @property
    def origin(self) -> Path:
        """The remote's repository."""
        return self.folder / "origin.git"

    def remote(self, max_age_s: float = 0.0) -> Remote:
        """The remote, as a machine knows it."""
        return Remote(place=str(self.origin), max_age_s=max_age_s)

    def opening(self, path: Path, max_age_s: float = 0.0) -> Registry:
        """The registry at the path, as a copy."""
        return self.kept(Registry.open(path, remote=self.remote(max_age_s)))

    def copy(self, name: str, max_age_s: float = 0.0) -> Registry:
        """A new machine's copy."""
        copied = Registry.copy(self.folder / name, self.remote(max_age_s))
        assert copied is not None
        return self.kept(copied)

    def kept(self, registry: Registry) -> Registry:
        """The registry, which is closed at the end."""
        self.opened.append(registry)
        return registry

    def hook(self, name: str, script: str) -> Path:
        """A hook of the remote."""
        path = self.origin / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def process(self, registry: Registry, program: str) -> subprocess.Popen[bytes]:
        """A process of the machine that has this copy: it finds `registry` open."""
        words = [sys.executable, "-c", PROGRAM + program, str(registry.path), str(self.origin)]
        return subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE)


def function(name: str = "count_words", source: str = "one") -> Function:
    """A small function, different for each source."""
    manifest = Manifest(name=name, description="Counts words.", input_schema={})
    return Function(manifest=manifest, source=source, tests="")


@pytest.fixture
def make() -> Callable[..., Function]:
    """Makes small functions, by name and source."""
    return function


@pytest.fixture
def approve() -> Callable[..., str]:
    """Have one more approved version; its number."""

    def approved(registry: Registry, source: str = "one", name: str = "count_words") -> str:
        digest = registry.add_candidate(function(name, source), {}).digest
        return registry.approve(name, digest, by="Ann").version

    return approved


@pytest.fixture
def produce(approve: Callable[..., str]) -> Callable[..., str]:
    """Take one more version to production; its number."""

    def produced(registry: Registry, source: str = "one", name: str = "count_words") -> str:
        return registry.promote(name, approve(registry, source, name), by="Ann").version

    return produced


@pytest.fixture
def racing() -> Callable[[Registry, Callable[[], object]], None]:
    """Has another machine act once, right after this copy has looked at the remote for its next change."""

    def armed(registry: Registry, act: Callable[[], object]) -> None:
        sharing = registry._sharing
        look = sharing.catch_up

        def looked() -> None:
            look()
            sharing.catch_up = look
            act()

        sharing.catch_up = looked

    return armed


@pytest.fixture
def refs() -> Callable[[Path], Sequence[str]]:
    """Lists a repository's refs with their objects, as git itself does."""

    def listed(path: Path) -> Sequence[str]:
        command = ["git", f"--git-dir={path}", "for-each-ref", "--format=%(refname) %(objectname)"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    return listed


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Shared]:
    """A remote that holds an empty registry."""
    found = Shared(folder=tmp_path)
    subprocess.run(["git", "init", "--quiet", "--bare", str(found.origin)], check=True)
    with Registry.create(tmp_path / "first", remote=found.remote()) as first:
        assert first.share()
    yield found
    for registry in found.opened:
        registry.close()
