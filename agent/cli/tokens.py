"""The commands on tokens, by which programs say for whom they ask: create, list, revoke."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from agent.cli.opening import Json
from agent.cli.render import err, out, print_json, print_table
from agent.config import current_user, load_settings
from agent.service.callers import Scope
from agent.service.tokens import Tokens
from agent.wiring import open_operations
from registry.tokens import TokenRecord

app = typer.Typer(help="Make and revoke the tokens by which programs use the service.", no_args_is_help=True)


@contextmanager
def opened_tokens() -> Iterator[Tokens]:
    """The tokens of the settings."""
    with closing(open_operations(load_settings())) as operations:
        yield Tokens(operations=operations)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The person who asks with it: what they ask for is theirs.")],
    scope: Annotated[list[Scope], typer.Option(help="What it is good for; may be repeated.")],
    days: Annotated[float, typer.Option(min=0.0, help="After so many days it is good for nothing.")] = 365.0,
    json_output: Json = False,
) -> None:
    """Make a token and print it, once: it is kept by its digest only, and cannot be shown again."""
    with opened_tokens() as tokens:
        record, token = tokens.create(name, scope, by=current_user(), lasts=timedelta(days=days))
    if json_output:
        print_json(record_json(record) | {"token": token})
        return
    print(token)  # noqa: T201 (nothing of it may be wrapped or coloured)
    err.print(f"  for {name}, good for {', '.join(record.scopes)}, until {day(record.expires_at)}", markup=False)
    err.print("  keep it now: it cannot be shown again", markup=False)


@app.command("list")
def list_tokens(json_output: Json = False) -> None:
    """Show every token that was ever made: whose, good for what, and whether it still is."""
    with opened_tokens() as tokens:
        rows = tokens.list()
    if json_output:
        print_json([record_json(row) for row in rows])
        return
    headings = ["id", "of", "good for", "made by", "made", "until", "last used", "state"]
    print_table(headings, [cells_of(row) for row in rows])


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id: `kowal tokens list`.")],
    json_output: Json = False,
) -> None:
    """Have a token be good for nothing, from the next request on."""
    with opened_tokens() as tokens:
        record = tokens.revoke(token_id, by=current_user())
    if json_output:
        print_json(record_json(record))
    else:
        out.print(f"The token {record.id} of {record.name} is revoked", markup=False)


def record_json(record: TokenRecord) -> dict[str, Any]:
    """A token for programs, without its digest."""
    facts = {name: value for name, value in asdict(record).items() if name != "digest"}
    return facts | {"valid": record.is_valid}


def cells_of(record: TokenRecord) -> list[str]:
    """One line of the list."""
    state = "revoked" if record.revoked_at else "valid" if record.is_valid else "expired"
    days = [day(record.created_at), day(record.expires_at), day(record.used_at)]
    return [record.id, record.name, ", ".join(record.scopes), record.made_by, *days, state]


def day(moment: Any) -> str:
    """The day of a moment; empty where there is none."""
    return f"{moment:%Y-%m-%d}" if moment else ""
