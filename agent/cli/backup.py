"""The commands that keep copies of everything: backup, restore."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.opening import Json
from agent.cli.render import out, print_json
from agent.config import load_settings


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to be made; it must not be there yet.")],
    json_output: Json = False,
) -> None:
    """Write the registry and the operational database into one file, while workers go on."""
    from registry.backup import back_up  # most commands need no SQLAlchemy

    settings = load_settings()
    contents = back_up(settings.registry, settings.database_place, file, datetime.now(UTC))
    if json_output:
        print_json({"file": str(file), **contents.model_dump(mode="json")})
    else:
        size = sum(part.size for part in contents.parts.values())
        out.print(f"{file}: {contents.refs} refs and a {contents.kind} database, {size / 1e6:.1f} MB", markup=False)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `kowal backup` made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Move aside what is there; nothing is deleted.")] = False,
    json_output: Json = False,
) -> None:
    """Put back what a backup holds, where the settings say; tasks in it go on with the next worker."""
    from registry.backup import restore as put_back

    settings = load_settings()
    restored = put_back(file, settings.registry, settings.database_place, datetime.now(UTC), replace=replace)
    if json_output:
        print_json({"aside": restored.aside, **restored.contents.model_dump(mode="json")})
        return
    made = restored.contents.made_at.strftime("%Y-%m-%d %H:%M:%S %Z")
    out.print(f"Everything is as it was on {made}: {restored.contents.refs} refs", markup=False)
    for place in restored.aside:
        out.print(f"What was there before is kept: {place}", markup=False)
