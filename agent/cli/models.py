"""The commands on models: what the servers have, and why which one is chosen."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Annotated, Any

import typer

from agent.cli.demands import demanding
from agent.cli.opening import Json
from agent.cli.render import out, print_json, print_table
from agent.config import load_settings
from agent.model_wiring import aids_of, open_router
from agent.ports import NO_CONSTRAINTS, Constraints, Message, ModelRequest, Purpose
from agent.routing.aids import Choice, Speeds
from agent.routing.decision import Decision
from agent.routing.learning import NOTHING, Record, Which, counted
from agent.routing.listing import model_json, rows_of
from agent.routing.router import Router
from agent.wiring import open_operations

app = typer.Typer(help="See which models there are, and why which one is asked.", no_args_is_help=True)


@contextmanager
def opened_router() -> Iterator[Router]:
    """The router of the settings."""
    settings = load_settings()
    operations = open_operations(settings)
    router = open_router(settings, aids_of(settings, operations))
    try:
        yield router
    finally:
        router.close()
        operations.close()


@app.command("list")
def list_models(json_output: Json = False) -> None:
    """Show the model servers, what each has, and which of it is used. Servers are asked what they have; no model is."""
    with opened_router() as router:
        rows = [row for each in router.fleet.snapshot() for row in rows_of(each, router.aids.speeds)]
    with closing(open_operations(load_settings())) as operations:
        gate = counted(operations)
    rows = [row | success(gate, row["provider"], row["model"]) for row in rows]
    if json_output:
        print_json(rows)
        return
    headings = ["server", "model", "state", "size", "context", "speed", "price", "passed", "left out"]
    print_table(headings, [cells_of(row) for row in rows])


@app.command()
@demanding
def explain(
    task: Annotated[str, typer.Argument(help="What should be done, in plain words.")],
    purpose: Annotated[Purpose, typer.Option(help="What a model is asked for.")] = Purpose.GENERATE,
    json_output: Json = False,
    demands: Constraints = NO_CONSTRAINTS,
) -> None:
    """Say which model would be asked for a task, which would stand in for it, and why no other. No model is asked."""
    settings = load_settings()
    models = settings.models.as_models()
    named = {Purpose.SPECIFY: models.specify, Purpose.TEST: models.tester}
    request = ModelRequest(
        messages=(Message(role="user", content=task),),
        purpose=purpose,
        task=task,
        model=named.get(purpose, models.coder(0) if purpose in CODERS else "") or None,
    )
    with opened_router() as router:
        decision = router.decide(request, demands, thorough=True)
        speeds = router.aids.speeds
    if json_output:
        print_json(decision_json(decision, speeds))
        return
    print_decision(decision)


CODERS = (Purpose.GENERATE, Purpose.REPAIR, Purpose.ENHANCE)


def cells_of(row: dict[str, Any]) -> list[str]:
    """The row for people."""
    if row["model"] is None:
        return [row["server"], "", row["state"], "", "", "", "", "", row["left_out"]]
    sizes = [(row["params_b"], "B"), (row["size_gb"], "GB")]
    size = ", ".join(f"{number:.3g} {unit}" for number, unit in sizes if number is not None)
    speed = f"{row['tokens_per_s']:.0f} tokens/s" if row["tokens_per_s"] else ""
    cells = [row["server"], row["model"], row["state"], size or "?", str(row["context"] or "?"), speed or "?"]
    passed = f"{row['passed']} of {row['tried']}" if row["tried"] else ""
    return [*cells, price_of(row), passed, row["left_out"]]


def success(records: Mapping[Which, Record], provider: str, model: str | None) -> dict[str, int]:
    """How many candidates of the model passed the gate, of how many."""
    found = [records.get((provider, model or "", purpose.value), NOTHING) for purpose in CODERS]
    passed = sum(record.passed for record in found)
    return {"passed": passed, "tried": passed + sum(record.failed for record in found)}


def price_of(row: dict[str, Any]) -> str:
    """What a million tokens cost; never nothing where nobody knows."""
    if row["input_eur"] is None:
        return "not known"
    if not row["input_eur"] and not row["output_eur"]:
        return "free"
    return f"{row['input_eur']:g} / {row['output_eur']:g} € a million"


def decision_json(decision: Decision, speeds: Speeds) -> dict[str, Any]:
    """The decision for programs: `chosen`, who stands by, who is left out, and the error where nobody is chosen."""
    asked = [
        {"server": each.server, "why": each.why, **model_json(each.card, each.server, speeds)}
        for each in decision.choices
    ]
    nobody = str(decision.refusal) if not asked else None
    left_out = [each.as_json() for each in decision.left_out]
    return {"chosen": asked[0] if asked else None, "standing_by": asked[1:], "left_out": left_out, "nobody": nobody}


def print_decision(decision: Decision) -> None:
    """The decision for people."""
    choices = decision.choices
    if choices:
        out.print(f"{named(choices[0])} is asked: {choices[0].why}.", markup=False)
    else:
        out.print(f"Nobody can be asked: {decision.refusal}", markup=False)
        return
    print_reasons("standing by, in this order", [(named(each), each.why) for each in choices[1:]])
    print_reasons("left out", [(f"{e.server} {e.model}".strip(), e.why) for e in decision.left_out])


def print_reasons(heading: str, rows: Sequence[tuple[str, str]]) -> None:
    """Who, and why."""
    if rows:
        out.print(f"\n{heading}:")
        print_table(["", ""], [list(row) for row in rows])


def named(choice: Choice) -> str:
    """The server and its model."""
    return f"{choice.server} {choice.card.name or '(its own choice)'}"
