"""The options by which a task demands something of models, on whatever command has them."""

import inspect

import pytest
import typer
from typer.testing import CliRunner

from agent.cli import functions, models, queued, tasks
from agent.cli.demands import OPTIONS, demanding
from agent.errors import BadTask
from agent.ports import NO_CONSTRAINTS, Constraints

heard: list[tuple[str, Constraints]] = []
app = typer.Typer()


@app.command()
@demanding
def tell(name: str, demands: Constraints = NO_CONSTRAINTS) -> None:
    """Say what came."""
    heard.append((name, demands))


def told(*words: str) -> Constraints:
    """What the command hears."""
    heard.clear()
    done = CliRunner().invoke(app, ["x", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    ((name, demands),) = heard
    assert name == "x"
    return demands


@pytest.mark.parametrize(
    ("words", "demands"),
    [
        ([], Constraints()),
        (["--local-only"], Constraints(local_only=True)),
        (["--force-cloud"], Constraints(force_cloud=True)),
        (["--provider", "ollama:gpu", "--model", "m"], Constraints(provider="ollama:gpu", model="m")),
        (["--max-latency-ms", "250", "--max-cost", "0.02"], Constraints(max_latency_ms=250.0, max_cost_eur=0.02)),
        (["--complexity", "high"], Constraints(complexity="high")),
    ],
)
def test_each_option_is_a_demand(words, demands):
    """Beside the command's own options; nothing is demanded where nothing is said."""
    assert told(*words) == demands


@pytest.mark.parametrize("words", [["--complexity", "huge"], ["--max-cost", "-1"], ["--max-latency-ms", "soon"]])
def test_what_is_no_demand_is_refused(words):
    """With the usage, and before anything is done."""
    assert CliRunner().invoke(app, ["x", *words]).exit_code == 2


def test_contradictions_are_named():
    """A task cannot stay and go."""
    with pytest.raises(BadTask, match="not both"):
        told("--local-only", "--force-cloud")


@pytest.mark.parametrize("command", [tasks.run, tasks.enhance, functions.create, queued.submit, models.explain])
def test_every_command_that_asks_models_takes_them(command):
    """All of the options, with the same names."""
    assert set(OPTIONS) <= set(inspect.signature(command).parameters)
