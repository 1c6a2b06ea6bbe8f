"""What the documents say is true: links, commands, settings, tables, and no trace of a machine or a registry host."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLED = (
    "agent",
    "agent/client",
    "agent/evidence",
    "agent/hosting",
    "agent/making",
    "agent/observing",
    "agent/matching",
    "agent/rights",
    "agent/routing",
    "agent/serving",
    "agent/source",
    "agent/talking",
    "agent/workflow",
    "registry",
    "sandbox",
    "integrations/chat",
    "integrations/codehost",
    "integrations/http",
    "integrations/llm",
    "integrations/mcp",
)


def tracked(suffix: str = "") -> list[Path]:
    """The files that belong to the project: in git or about to be, whatever .gitignore does not name."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    return sorted(ROOT / name for name in listed if name.endswith(suffix) and (ROOT / name).is_file())


PAGES = tracked(".md")
PROSE = [page for page in PAGES if "prompts" not in page.parts]
MODULES = {folder: sorted(path.name for path in (ROOT / folder).glob("*.py")) for folder in TABLED}


def relative(path: Path) -> str:
    """The path as people name it."""
    return path.relative_to(ROOT).as_posix()


def broken_links(text: str, folder: Path) -> list[str]:
    """The relative links that lead to no file."""
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    local = [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("mailto:")]
    return [target for target in local if target and not (folder / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_resolve(page: Path) -> None:
    """Every relative link leads to a file."""
    assert broken_links(page.read_text("utf-8"), page.parent) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    """The check of links finds one that leads nowhere, and lets others pass."""
    (tmp_path / "there.md").write_text("")
    assert broken_links("[a](there.md#x) [b](gone.md) [c](https://x.y) [d](#e)", tmp_path) == ["gone.md"]


def test_every_decision_has_a_line_in_the_index() -> None:
    """The index of decisions names each page, and no number is used twice."""
    pages = sorted(path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    index = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    assert [name for name in pages if f"({name})" not in index] == []
    assert len({name[:4] for name in pages}) == len(pages)


def make_targets(makefile: str) -> list[str]:
    """The targets of a Makefile; `%` stands for one word."""
    return re.findall(r"^([a-z%-]+):", makefile, flags=re.MULTILINE)


def unknown_targets(text: str, targets: list[str]) -> list[str]:
    """The `make` targets in code that no Makefile line makes."""
    named = {word for line in code(text) for word in re.findall(r"\bmake ([a-z][a-z-]*)", line)}
    known = [re.compile(target.replace("%", "[a-z-]*")) for target in targets]
    return sorted(word for word in named if not any(pattern.fullmatch(word) for pattern in known))


def code(text: str) -> list[str]:
    """The lines that are code in a page: in back quotes, fenced or indented."""
    fenced = [
        line for block in re.findall(r"```[^\n]*\n(.*?)```", text, flags=re.DOTALL) for line in block.splitlines()
    ]
    indented = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return fenced + indented + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("page", PROSE, ids=relative)
def test_make_targets_exist(page: Path) -> None:
    """Every `make` target that a page names can be made."""
    assert unknown_targets(page.read_text("utf-8"), make_targets((ROOT / "Makefile").read_text())) == []


def test_an_unknown_target_is_seen() -> None:
    """The check of targets finds one that is not there."""
    assert unknown_targets("`make bench-x`\n\n    make nonsense\n", ["bench-%", "test"]) == ["nonsense"]


def command_paths() -> set[str]:
    """Every command of `kowal`, with the group before it."""
    import typer.main

    from agent.cli.app import app

    top = typer.main.get_command(app)
    paths = set()
    for name, command in getattr(top, "commands", {}).items():
        paths |= {name} | {f"{name} {inner}" for inner in getattr(command, "commands", {})}
    return paths


def unknown_commands(text: str, known: set[str]) -> list[str]:
    """The `kowal` commands in code that do not exist."""
    groups = {path.split()[0] for path in known if " " in path}
    found = set()
    for line in code(text):
        for match in re.finditer(r"(?:^|[$|&;(] ?|\bbin/)kowal ([a-z]+)(?: ([a-z]+))?", line):
            first, second = match.group(1), match.group(2)
            found.add(f"{first} {second}" if first in groups and second else first)
    return sorted(found - known)


@pytest.mark.parametrize("page", PROSE, ids=relative)
def test_kowal_commands_exist(page: Path) -> None:
    """Every `kowal` command that a page names is there."""
    assert unknown_commands(page.read_text("utf-8"), command_paths()) == []


def test_an_unknown_command_is_seen() -> None:
    """The check of commands finds a wrong one, in a group too."""
    known = {"run", "functions", "functions list"}
    text = "`kowal run x`, `kowal fly`\n\n    $ kowal functions list\n    kowal functions burn\n"
    assert unknown_commands(text, known) == ["fly", "functions burn"]


def test_every_setting_is_documented() -> None:
    """The page of settings has a line for each field, those of the groups by their full name."""
    from pydantic import BaseModel

    from agent.config import Settings

    page = (ROOT / "docs/settings.md").read_text("utf-8")
    names = []
    for name, field in Settings.model_fields.items():
        inner = field.annotation if isinstance(field.annotation, type) else None
        nested = inner.model_fields if inner is not None and issubclass(inner, BaseModel) else None
        names += [f"{name}.{key}" for key in nested] if nested else [name]
    assert [name for name in names if f"`{name}`" not in page and f"`{name}." not in page] == []


def test_every_setting_of_a_section_is_documented() -> None:
    """What chats and code hosts may have is in the table of its own heading, but for the files that secrets are in."""
    from agent.hosting.settings import HostSettings
    from agent.talking.settings import ChatSettings
    from integrations.chat._rocketchat_settings import RocketChatConfig
    from integrations.codehost._gitlab_settings import GitLabConfig

    page = (ROOT / "docs/settings.md").read_text("utf-8")
    for heading, model in {
        "What every chat may have": ChatSettings,
        "What every code host may have": HostSettings,
        "Chat `rocketchat`": RocketChatConfig,
        "Code host `gitlab`": GitLabConfig,
    }.items():
        part = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
        names = {field.alias or name for name, field in model.model_fields.items()}
        names -= {f"{name}_file" for name in names}
        assert [name for name in sorted(names) if f"`{name}`" not in part and f"`{name}." not in part] == []


TOLD = re.compile(r"(?:action=|_tell\(|Event\()\s*f?\"(progress|[a-z]+\.[a-z{}._]+)\"")
"""How code says what happened."""


def test_every_event_is_documented() -> None:
    """The page of operation has every action that is told to those who watch; the states of a task stand for `{}`."""
    page = (ROOT / "docs/operate.md").read_text("utf-8")
    sources = [path for path in tracked(".py") if path.is_relative_to(ROOT / "agent")]
    told = {action for path in sources for action in TOLD.findall(path.read_text("utf-8"))}
    assert {"match.found", "part.died", "progress", "step.ended", "task.begun"} <= told
    assert [action for action in sorted(told) if "{" not in action and f"`{action}`" not in page] == []


@pytest.mark.parametrize("folder", TABLED)
def test_a_folders_page_lists_its_files(folder: str) -> None:
    """The README of a source folder has a line for each file in it, and names none that is gone."""
    page = (ROOT / folder / "README.md").read_text("utf-8")
    assert [name for name in MODULES[folder] if name != "__init__.py" and name not in page] == []
    named = re.findall(r"`([a-z_]+\.py)`", page)
    known = {path.name for path in (ROOT / folder).rglob("*.py")} | {"function.py", "test_function.py", "conftest.py"}
    assert [name for name in named if name not in known] == []


TRACES = re.compile(
    r"(?<![\w./~-])/(?:work|root)/(?!\.)[\w]|pypi[.]org|files[.]pythonhosted[.]org|registry[.]npmjs[.]org"
    r"|index[.]crates[.]io|proxy[.]golang[.]org"
)
TEXT = {".py", ".md", ".toml", ".txt", ".lock", ".json", ".csv", ".mako", ".ini", ".yml", ".yaml", ".sh", ""}


def traces(text: str) -> list[str]:
    """Paths of one machine and host names of package registries."""
    return TRACES.findall(text)


def test_no_trace_of_a_machine_or_a_registry() -> None:
    """No tracked text names an absolute path of somebody's machine or a package registry's host."""
    hostile = ROOT / "tests/hostile"
    texts = [path for path in tracked() if path.suffix in TEXT and hostile not in path.parents]
    found = {relative(path): traces(path.read_text("utf-8", "replace")) for path in texts if path != Path(__file__)}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_a_trace_is_seen() -> None:
    """The check finds a path and a host, and lets guest paths and links pass."""
    assert traces("see /work/main/x") == ["/work/m"]
    assert traces("https://pypi" + ".org/simple") == ["pypi" + ".org"]
    assert traces("the guest's /data/work/x, ./work/x, https://example.org/work/a") == []


def test_nothing_is_copied_from_outside() -> None:
    """No file of the project is one of the documents or data sets that lie beside the checkout."""
    beside = ROOT.parent / "shared"
    if not beside.is_dir():
        pytest.skip("nothing lies beside the checkout")
    theirs = {path.stat().st_size: path for path in beside.rglob("*") if path.is_file() and path.stat().st_size > 200}
    same = [
        relative(path)
        for path in tracked()
        if path.name != "LICENSE"
        and path.stat().st_size in theirs
        and path.read_bytes() == theirs[path.stat().st_size].read_bytes()
    ]
    assert same == []
