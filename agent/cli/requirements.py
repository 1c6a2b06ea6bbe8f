"""The commands on installed packages: which there are, and the removal of those that nobody uses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from agent.cli.opening import Json
from agent.cli.render import out, print_json, print_table
from agent.config import load_settings
from agent.sandbox_wiring import open_layers
from sandbox.packages import KEPT_S, Layer

DAY_S = 86_400

app = typer.Typer(help="Look at the installed packages of functions, and remove unused ones.", no_args_is_help=True)


@app.command("list")
def list_layers(json_output: Json = False) -> None:
    """List what is installed, the packages used last first. Functions with one lock share them."""
    print_layers(open_layers(load_settings(), silent_line).listed(), json_output=json_output)


@app.command()
def prune(
    days: Annotated[int, typer.Option(min=0, help="Remove what was not used for so many days.")] = KEPT_S // DAY_S,
    json_output: Json = False,
) -> None:
    """Remove packages that nobody uses; they are installed again when a function needs them."""
    removed = open_layers(load_settings(), silent_line).prune(days * DAY_S)
    print_layers(removed, json_output=json_output)
    if not json_output:
        freed = sum(layer.bytes for layer in removed)
        out.print(f"{len(removed)} removed, {freed / (1 << 20):.1f} MiB freed")


def print_layers(layers: Sequence[Layer], *, json_output: bool) -> None:
    """Layers as a table, or as one JSON list."""
    if json_output:
        print_json([layer_json(layer) for layer in layers])
        return
    headings = ["packages", "native code", "MiB", "last used"]
    print_table(headings, [[", ".join(f"{name} {version}" for name, version in layer.packages.items()),
                            "no" if layer.pure else "yes", f"{layer.bytes / (1 << 20):.1f}", used(layer)]
                           for layer in layers])  # fmt: skip


def layer_json(layer: Layer) -> dict[str, Any]:
    """A layer for programs."""
    return {"packages": layer.packages, "pure": layer.pure, "bytes": layer.bytes, "last_used": used(layer)}


def used(layer: Layer) -> str:
    """The day on which a function last needed it."""
    return f"{datetime.fromtimestamp(layer.last_used):%Y-%m-%d}"


def silent_line(line: str) -> None:
    """Looking and removing install nothing: there is nothing to tell."""
    del line


def print_packages(evidence: Mapping[str, Any], to: Console = out) -> None:
    """What a person signs: each locked package, who asked for it, and how long it has been there."""
    rows = evidence.get("packages", ())
    if rows:
        headings = ["package", "version", "asked for by", "released", "first released", "allowed", "could be taken for"]
        print_table(headings, [[row["name"], row["version"], row["by"], row.get("released", "not told"),
                                row.get("first_released", "not told"), "yes" if row["allowed"] else "no",
                                row["resembles"] or "-"] for row in rows], to)  # fmt: skip
