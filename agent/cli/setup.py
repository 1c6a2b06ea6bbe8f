"""The commands that prepare and look: init, doctor, demo."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from agent.cli.init_channel import init_channel
from agent.cli.opening import Json, opened_agent
from agent.cli.progress import show, silent
from agent.cli.render import err, out, print_json, print_value
from agent.config import load_settings
from agent.demo import play
from agent.doctor import Diagnosis, examine
from agent.errors import BadTask
from agent.library import add_built_ins, prepare_registry
from agent.wiring import open_registry


def init(
    channel: Annotated[
        str, typer.Argument(help="A chat or a code host to set up instead, for example rocketchat or gitlab.")
    ] = "",
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of it, instead of asking.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Make the registry, build the sandbox, and let the built-in functions in through the gate.

    With the setting `registry_remote`, the registry becomes a copy of the remote's; an empty remote is filled.
    With the name of a chat or a code host: ask what it needs, try it, and write it into the settings file.
    """
    if channel:
        init_channel(channel, sets or (), json_output=json_output)
        return
    if sets:
        raise BadTask(
            "--set is for a chat or a code host",
            advice="For example: kowal init rocketchat --set url=https://chat.example.org",
        )
    settings = load_settings()
    prepared, filled = prepare_registry(settings, silent), False
    if prepared == "there already":
        with open_registry(settings) as registry:
            filled = registry.share()
        with opened_agent(json_output=True) as agent:  # its steps would only repeat what is told as progress
            add_built_ins(agent, silent, only=settings.built_ins)
    names = [row.name for row in open_registry(settings).list()]
    remote = settings.remote.shown if settings.remote else ""
    if json_output:
        made = prepared != "there already"
        print_json({"registry": str(settings.registry), "made": made, "remote": remote, "functions": names})
        return
    of = f" of {remote}" if prepared == "copied" else ""
    out.print(f"The registry {settings.registry} is {prepared}{of}: {len(names)} functions", markup=False)
    if filled or (remote and prepared == "made"):
        out.print(f"The remote {remote} was filled from it", markup=False)


def doctor(json_output: Json = False) -> None:
    """Look at every part: found or not, why, and what to do. Exit code 1 where a needed part is missing."""
    found: list[Diagnosis] = []
    for diagnosis in examine(load_settings(), lambda line: err.print(line)):
        found.append(diagnosis)
        if not json_output:
            print_diagnosis(diagnosis)
    if json_output:
        print_json([asdict(diagnosis) for diagnosis in found])
    if any(diagnosis.needed and not diagnosis.ok for diagnosis in found):
        raise typer.Exit(1)


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """One line, and one more where there is advice."""
    mark = "[green]✓[/]" if diagnosis.ok else ("[red]✗[/]" if diagnosis.needed else "–")
    out.print(f"{mark} {diagnosis.part:<16} {escape(diagnosis.detail)}")
    if diagnosis.advice:
        out.print(f"  {'':<16} {escape(diagnosis.advice)}")


def demo(
    keep: Annotated[
        Path | None, typer.Option(help="A folder that keeps the demo's registry, to look at it afterwards.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Do the main job on a file that ships with the product: match, make, prove, promote, run, match again."""
    steps = play(silent if json_output else show, keep=keep)
    if json_output:
        print_json(list(steps))
        return
    for step in steps:
        if step["step"] == "ran":
            print_value(step["value"])
