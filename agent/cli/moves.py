"""The commands that move a version between its statuses, and what a person signs for."""

from contextlib import closing
from typing import Annotated

import typer

from agent.cli.asking import attended, read_line
from agent.cli.functions import Name, WhichVersion, kept_differences, moved, print_callers
from agent.cli.opening import Json, opened_agent, opened_registry, opened_settings
from agent.cli.record import print_near
from agent.cli.render import err, out, print_json
from agent.cli.requirements import print_packages
from agent.composition import callers_of
from agent.config import Settings, current_user
from agent.making.callers import Callers, Followed
from agent.signing import Signing
from agent.wiring import is_reviewed, open_operations, open_people, signing_of
from agent.workflow.standing import awaiting, short_id
from registry import Registry, Rollback, Version

Grant = Annotated[
    bool, typer.Option("--grant", help="I have seen what it may reach (`kowal functions show NAME`), and grant it.")
]


def approve(
    name: Name,
    digest: Annotated[str | None, typer.Argument(help="Which candidate, where there are several.")] = None,
    json_output: Json = False,
) -> None:
    """Approve a candidate: it gets a version and a place on `main`."""
    settings = opened_settings()
    found = opened_registry(settings)
    if is_reviewed(settings):
        waiting = [each for each in found.candidates() if each.name == name and (digest or each.digest) == each.digest]
        for each in waiting:
            if not found.is_merged(each):
                signing_of(settings, found).refuse_candidate(each)
    version = found.approve(name, digest, by=current_user())
    moved(version, kept_differences(settings, version), json_output=json_output)


def promote(name: Name, version: WhichVersion = None, grant: Grant = False, json_output: Json = False) -> None:
    """Put an approved version into production, where matching sees it. What asks for rights needs --grant.

    Functions that call it are proven anew with that version; one that fails goes on with the version it has. Where a
    function is there that does nearly the same, it is shown.
    """
    settings = opened_settings()
    found = opened_registry(settings)
    signing = signing_of(settings, found)
    wanted = found.get(name, version) if version else found.newest(name)
    signed = is_signed(signing, wanted, grant=grant, json_output=json_output)
    promoted = signing.promote(name, wanted.version, by=current_user(), signed=signed)
    has_tasks_go_on(settings, promoted)
    tell_promoted(settings, promoted, json_output=json_output)


def is_signed(signing: Signing, wanted: Version, *, grant: bool, json_output: bool) -> bool:
    """True where the person grants what the version asks for, by an option or at the terminal; all of it is shown."""
    signing.refuse_candidate(wanted)
    if not json_output:
        print_near(wanted.evidence, err)
    asks = signing.asks(wanted)
    return grant or (bool(asks) and not json_output and signs(wanted, asks))


def has_tasks_go_on(settings: Settings, promoted: Version) -> None:
    """Have the tasks on the queue go on that waited for the version, and say so."""
    if not awaiting(open_operations(settings).tasks, promoted):
        return
    with closing(open_people(settings)) as people:
        for task in people.approved(promoted, by=current_user()):
            err.print(f"task {short_id(task)} goes on")


def tell_promoted(settings: Settings, promoted: Version, *, json_output: bool) -> None:
    """Have the functions that call the promoted one follow, and say what came of it all."""
    callers = followed(settings, opened_registry(settings), promoted.name, json_output=json_output)
    moved(promoted, kept_differences(settings, promoted), json_output=json_output, callers=callers)


def signs(version: Version, asks: tuple[str, ...]) -> bool:
    """True where the person at the terminal grants what the version asks for; nobody is asked elsewhere.

    Of its packages they see what `kowal functions show` prints.
    """
    if not attended():
        return False
    lines = [f"{version.name} {version.version}: {version.function.manifest.description}", "It asks for:"]
    err.print("\n".join([*lines, *(f"  {line}" for line in asks)]), markup=False)
    print_packages(version.evidence, err)
    return read_line("Grant this, and put it into production? [y/N] ").casefold() in ("y", "yes")


def rollback(
    name: Name,
    version: Annotated[str, typer.Argument(help="X.Y.Z to go back to.")],
    now: Annotated[bool, typer.Option("--now", help="Do not wait until somebody merges it.")] = False,
    json_output: Json = False,
) -> None:
    """Put an earlier version back into production; a new commit says so, nothing is erased.

    Functions that call it are proven anew with that version, or taken out of use. Where the registry is reviewed at a
    code host, a merge request is opened for it, unless --now says that it cannot wait.
    """
    settings = opened_settings()
    found = opened_registry(settings)
    if is_reviewed(settings) and not now:
        asked = found.propose_rollback(name, version, by=current_user())
        if asked is not None:
            tell_proposed(asked, json_output=json_output)
            return
    serving = found.rollback(name, version, by=current_user())
    callers = followed(settings, found, name, json_output=json_output)
    moved(serving, json_output=json_output, callers=callers)


def tell_proposed(asked: Rollback, *, json_output: bool) -> None:
    """Say where a rollback waits for somebody to merge it."""
    if json_output:
        print_json({"name": asked.name, "version": asked.version, "status": "proposed", "branch": asked.branch})
    else:
        out.print(
            f"{asked.name} {asked.version} is back once somebody merges {asked.branch} into production", markup=False
        )
        err.print("  `kowal serve` opens the merge request; --now does not wait for it", markup=False)


def quarantine(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    version: WhichVersion = None,
    json_output: Json = False,
) -> None:
    """Take a version out of use; the newest earlier one that was in production comes back.

    Functions that call it are proven anew with that one, or taken out of use as well.
    """
    settings = opened_settings()
    found = opened_registry(settings)
    left = found.quarantine(name, by=current_user(), reason=reason, version=version)
    callers = followed(settings, found, name, json_output=json_output)
    if json_output:
        print_json(
            {
                "name": name,
                "in_production": left.version if left else None,
                "callers": [each.as_json() for each in callers],
            }
        )
    else:
        out.print(f"{name} is quarantined; in production now: {left.version if left else 'none'}")
        print_callers(callers)


def followed(settings: Settings, found: Registry, name: str, *, json_output: bool) -> tuple[Followed, ...]:
    """The callers of the function as they stand once it has moved; no sandbox starts where there is none."""
    if not callers_of(found, name):
        return ()
    with opened_agent(json_output=json_output, settings=settings) as agent:
        return Callers(admission=agent.forge.admission).follow(name, by=current_user())
