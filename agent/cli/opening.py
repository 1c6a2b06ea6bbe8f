"""What every command shares: its options, how arguments are read from the command line, and the opened agent."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.progress import show, silent
from agent.config import Settings, load_settings
from agent.errors import BadTask
from agent.library import prepare_registry
from agent.loop import Agent
from agent.matching.decision import Which, nobody_knows
from agent.questions import Ask, nobody
from agent.types import Event
from agent.wiring import build_agent, open_registry
from registry import Example, Registry

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Run every check instead of stopping at the first that fails; show them all.")
]
Arguments = Annotated[
    list[str] | None,
    typer.Option("--arg", "-a", metavar="NAME=VALUE", help="An argument; NAME=@FILE reads a file, @@ is a plain @."),
]
ArgumentsFile = Annotated[Path | None, typer.Option("--args-file", help="A JSON file with one object of arguments.")]
Files = Annotated[
    list[str] | None,
    typer.Option("--file", metavar="NAME=@PATH", help="An input file, for a function that was granted `files in`."),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Where files go that the function leaves; made if need be.")
]
Examples = Annotated[
    list[str] | None,
    typer.Option("--example", metavar="JSON", help='A wanted result: {"in": {"text": "a b"}, "out": 2}'),
]


_left_open: list[Agent] = []


@contextmanager
def opened_agent(
    *, json_output: bool, ask: Ask = nobody, which: Which = nobody_knows, settings: Settings | None = None
) -> Iterator[Agent]:
    """The agent of the settings, its registry made first where there is none.

    It is closed at the end, or by `close_the_rest` where something goes on in the background.
    """
    agent = build_agent(settings or opened_settings(), silent if json_output else show, spares=0, ask=ask, which=which)
    try:
        yield agent
    finally:
        if agent.following.is_busy:
            _left_open.append(agent)
        else:
            agent.close()


def close_the_rest(*, wait: bool) -> None:
    """Close what was left open, once the answer was reported; with `wait` what goes on is waited for, until Ctrl-C."""
    while _left_open:
        agent = _left_open.pop()
        try:
            if wait:
                agent.following.settle()
        except KeyboardInterrupt:
            sys.stderr.write("\nStopped. Functions that were not proven anew are when they are next needed.\n")
        finally:
            agent.close()


def opened_settings() -> Settings:
    """The settings, with a registry made where there is none."""
    settings = load_settings()
    prepare_registry(settings, silent)
    return settings


def opened_registry(settings: Settings) -> Registry:
    """The registry of the settings, brought up to date where it is shared and due; what hinders that is shown."""
    registry = open_registry(settings)
    if reason := registry.refresh():
        show(Event(action="registry.stale", facts={"reason": reason}))
    return registry


def read_arguments(pairs: Sequence[str] | None, file: Path | None) -> dict[str, Any]:
    """The arguments of the file and of the options, which win. Raises `BadTask` naming the one that is wrong."""
    found = read_arguments_file(file) if file is not None else {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise BadTask(f"{pair!r} is not NAME=VALUE", advice="For example: -a text='a b' or -a text=@notes.txt")
        found[name] = read_value(name, value)
    return found


def read_value(name: str, value: str) -> str:
    """The value as it stands, or the text of the file it names."""
    if value.startswith("@@"):
        return value[1:]
    return read_text(Path(value[1:]), f"the argument `{name}`") if value.startswith("@") else value


def read_files(pairs: Sequence[str] | None) -> dict[str, bytes]:
    """The input files by the names that the function knows them by. Raises `BadTask` naming the one that is wrong."""
    found = {}
    for pair in pairs or ():
        name, _, place = pair.partition("=")
        if name != Path(name).name or not name or not place.startswith("@"):
            raise BadTask(f"{pair!r} is not NAME=@PATH", advice="For example: --file sales.csv=@~/2026/sales.csv")
        path = Path(place[1:]).expanduser()
        try:
            found[name] = path.read_bytes()
        except OSError as error:
            raise BadTask(
                f"{path}, for --file, cannot be read: {error.strerror}", advice="Check the file's name and permissions."
            ) from error
    return found


def keep_artefacts(artefacts: Mapping[str, bytes], folder: Path | None) -> list[Path]:
    """The files that a function left, written into the folder; none where there is no folder. Raises `BadTask`."""
    if folder is None:
        return []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [write_artefact(folder, name, data) for name, data in artefacts.items()]
    except OSError as error:
        raise BadTask(
            f"{error.filename}, for --out, cannot be written: {error.strerror}", advice="Name a folder of yours."
        ) from error


def write_artefact(folder: Path, name: str, data: bytes) -> Path:
    """The file, written under its plain name. What a function called it decides nothing about where it goes."""
    plain = "".join(sign if sign.isprintable() and sign not in "/\\" else "_" for sign in name)
    path = folder / (plain if plain.strip(".") else "_")
    path.write_bytes(data)
    return path


def read_text(path: Path, wanted_by: str) -> str:
    """The file's text. Raises `BadTask`, which names file and reason."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTask(
            f"{path}, for {wanted_by}, is not UTF-8 text (byte {error.start})",
            advice="Convert it, for example with iconv.",
        ) from error
    except OSError as error:
        raise BadTask(
            f"{path}, for {wanted_by}, cannot be read: {error.strerror}",
            advice="Check the file's name and permissions.",
        ) from error


def read_arguments_file(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `BadTask`."""
    value = read_json(read_text(path, "--args-file"), str(path))
    if not isinstance(value, dict):
        raise BadTask(f"{path} holds no JSON object", advice='It must look like {"text": "a b"}.')
    return value


def read_json(text: str, where: str) -> Any:
    """The JSON value in a text. Raises `BadTask`, which says where it breaks off."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadTask(
            f"{where} is not JSON: {error}", advice="Check the quotes: single around, double inside."
        ) from error


def read_cli_examples(texts: Sequence[str] | None) -> tuple[Example, ...]:
    """The examples of the options. Raises `BadTask`."""
    from agent.examples import read_examples

    return read_examples(read_json(text, "--example") for text in texts or ())
