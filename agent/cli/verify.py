"""The command that derives verdicts anew: verify."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from agent.cli.opening import Explain, Json, opened_agent
from agent.cli.render import err, out, print_checks, print_json
from agent.composition import callees_of
from agent.errors import BadTask, NotPromoted
from agent.verifier import Verification, verify
from registry import Registry, Version
from sandbox import SandboxUnavailable


def verify_functions(
    name: Annotated[str | None, typer.Argument(metavar="[NAME[@VERSION]]", help="The function.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All functions in production.")] = False,
    explain: Explain = False,
    json_output: Json = False,
) -> None:
    """Derive verdicts anew from what git holds, offline. Exit code 4 where a function would not be let in today."""
    if (name is None) == (not everything):
        raise BadTask("Name one function, or say --all", advice="For example: kowal verify count_words@1.0.0")
    done, missed = list[Verification](), dict[str, SandboxUnavailable]()
    with opened_agent(json_output=json_output) as agent:
        for version in chosen(agent.registry, name):
            try:
                callees = callees_of(agent.registry, version.function)
                done.append(verify(version, agent.runner.sandboxes, agent.runner.limits, callees, explain=explain))
            except SandboxUnavailable as error:
                missed[version.name] = error
                err.print(f"– {error}", markup=False)
                continue
            if not json_output:
                print_verification(done[-1], explain=explain)
    if json_output:
        print_json([verification_json(item) for item in done])
    settle([item.version.name for item in done if not item.holds], missed, len(done), json_output=json_output)


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
