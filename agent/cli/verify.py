"""The command that derives verdicts anew: verify."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from agent.cli.opening import Explain, Json, opened_agent
from agent.cli.progress import show, silent
from agent.cli.render import err, out, print_checks, print_json
from agent.composition import callees_of
from agent.config import load_settings
from agent.errors import BadTask, NotPromoted
from agent.sandbox_wiring import open_proof
from agent.sandboxes import Sandboxes
from agent.verifier import Verification, verify
from registry import Change, Registry, Version, looked_at
from sandbox import Limits, SandboxUnavailable


def verify_functions(
    name: Annotated[str | None, typer.Argument(metavar="[NAME[@VERSION]]", help="The function.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All functions in production.")] = False,
    since: Annotated[
        str | None,
        typer.Option("--changed-since", metavar="REF", help="What HEAD changes since then, in a clone of a registry."),
    ] = None,
    clone: Annotated[Path, typer.Option(metavar="DIR", help="The clone; nothing is written to it.")] = Path(),
    explain: Explain = False,
    json_output: Json = False,
) -> None:
    """Derive verdicts anew from what git holds, offline. Exit code 4 where a function would not be let in today."""
    if [name is not None, everything, since is not None].count(True) != 1:
        raise BadTask("Name one function, or say --all", advice="For example: kowal verify count_words@1.0.0")
    show_as = partial(print_verification, explain=explain) if not json_output else None
    if since is not None:
        done, missed, faults = verified_in_clone(clone, since, show_as, explain=explain)
    else:
        with opened_agent(json_output=json_output) as agent:
            proof, faults = (agent.runner.sandboxes, agent.runner.limits), list[Change]()
            done, missed = verified(agent.registry, chosen(agent.registry, name), proof, show_as, explain=explain)
    if json_output:
        broken = [{"name": each.name, "holds": False, "summary": each.fault} for each in faults]
        print_json([*(verification_json(item) for item in done), *broken])
    fallen = [*(item.version.name for item in done if not item.holds), *(each.name for each in faults)]
    settle(fallen, missed, len(done) + len(faults), json_output=json_output)


Show = Callable[[Verification], None]
Missed = dict[str, SandboxUnavailable]


def verified_in_clone(
    clone: Path, since: str, show_as: Show | None, *, explain: bool
) -> tuple[list[Verification], Missed, list[Change]]:
    """What the clone's commit changes, verified, what could not be, and what is no function that could be let in."""
    settings = load_settings()
    sandboxes, _ = open_proof(settings, silent if show_as is None else show, spares=0)
    with looked_at(clone, since) as found, closing(sandboxes):
        faults = [each for each in found.changes if each.version is None]
        for each in faults:
            err.print(f"✗ {each.name}   {each.fault}", markup=False)
        versions = [each.version for each in found.changes if each.version is not None]
        if not found.changes and show_as is not None:
            out.print("no function changes")
        proof = sandboxes, settings.limits.as_limits()
        return *verified(found.registry, versions, proof, show_as, explain=explain), faults


def verified(
    registry: Registry,
    versions: Iterable[Version],
    proof: tuple[Sandboxes, Limits],
    show_as: Show | None,
    *,
    explain: bool,
) -> tuple[list[Verification], Missed]:
    """The versions, verified one after another and shown, and those for which there is no sandbox here."""
    done, missed = list[Verification](), Missed()
    for version in versions:
        try:
            callees = callees_of(registry, version.function)
            done.append(verify(version, *proof, callees, explain=explain))
        except SandboxUnavailable as error:
            missed[version.name] = error
            err.print(f"– {error}", markup=False)
            continue
        if show_as is not None:
            show_as(done[-1])
    return done, missed


def settle(
    fallen: Sequence[str], missed: Mapping[str, SandboxUnavailable], looked_at: int, *, json_output: bool
) -> None:
    """End with the exit code of the worst that was found: something fell, or could not be looked at."""
    if fallen and not json_output:
        raise NotPromoted(f"{len(fallen)} of {looked_at} would not be let in today: {', '.join(fallen)}", advice=ADVICE)
    if fallen:
        raise typer.Exit(NotPromoted.exit_code)
    if missed and json_output:
        raise typer.Exit(SandboxUnavailable.exit_code)
    if missed:
        advice = next(iter(missed.values())).advice
        raise SandboxUnavailable(f"{len(missed)} could not be looked at: {', '.join(missed)}", advice=advice)


ADVICE = "`kowal functions quarantine NAME --reason ...` takes one out of use."


def chosen(registry: Registry, name: str | None) -> Iterator[Version]:
    """The named version, or all that are in production."""
    if name is None:
        yield from registry.production()
        return
    function, _, version = name.partition("@")
    yield registry.get(function, version or None)


def print_verification(item: Verification, *, explain: bool) -> None:
    """One line a function, one more for each thing that is not as it was, and the checks where they are asked for."""
    mark = "[green]✓[/]" if item.holds else "[red]✗[/]"
    label = item.version.version or item.version.digest[:12]
    out.print(f"{mark} {item.version.name} {label}   {escape(item.verdict.summary)}")
    for line in (*item.changed, *item.differs, *item.unchecked):
        err.print(f"    {line}", markup=False)
    if explain:
        print_checks([asdict(result) for result in item.verdict.results])


def verification_json(item: Verification) -> dict[str, object]:
    """The same for programs."""
    return {
        "name": item.version.name,
        "version": item.version.version,
        "holds": item.holds,
        "summary": item.verdict.summary,
        "findings": list(item.verdict.findings),
        "checks": [asdict(result) for result in item.verdict.results],
        "validated_on": list(item.verdict.validated_on),
        "changed": list(item.changed),
        "differs": list(item.differs),
        "unchecked": list(item.unchecked),
    }
