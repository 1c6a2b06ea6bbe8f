"""Puts the commands together, and turns every error into three parts and an exit code."""

import sys

import typer

from agent.cli import (
    audit,
    backup,
    chat,
    functions,
    http,
    matching,
    mcp,
    models,
    moves,
    people,
    questions,
    queued,
    requirements,
    serve,
    setup,
    spending,
    tasks,
    tokens,
    verify,
    worker,
)
from agent.cli.opening import close_the_rest
from agent.cli.render import error_text, print_error_json
from agent.errors import KowalError
from registry import RegistryError
from sandbox import SandboxError

INTERRUPTED = 130
"""What a shell reports for a command that Ctrl-C ended."""

app = typer.Typer(
    name="kowal",
    help="An agent that forges its own tools: verified, versioned and reversible functions, run in a sandbox.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(tasks.run)
app.command("enhance")(tasks.enhance)
app.command("match")(matching.match)
app.command("attempts")(tasks.attempts)
app.command("worker")(worker.worker)
for word in (people.answer, people.approve, people.reject):
    queued.app.command()(word)
app.add_typer(queued.app, name="tasks")
app.command("audit")(audit.audit)
app.command("questions")(questions.questions)
app.command("answer")(questions.answer)
for move in (moves.approve, moves.promote, moves.rollback, moves.quarantine):
    functions.app.command()(move)
functions.app.command("words")(matching.words)
app.add_typer(functions.app, name="functions")
app.add_typer(matching.runs, name="runs")
for look in (spending.bench, spending.spending, spending.learned):
    models.app.command()(look)
app.add_typer(models.app, name="models")
app.add_typer(requirements.app, name="requirements")
app.add_typer(tokens.app, name="tokens")
app.command("verify")(verify.verify_functions)
app.command("chat")(chat.chat)
app.command("codehost")(chat.codehost)
app.command("http")(http.http)
app.command("serve")(serve.serve)
app.command("mcp")(mcp.mcp)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("init")(setup.init)
app.command("doctor")(setup.doctor)
app.command("demo")(setup.demo)


@app.callback(invoke_without_command=True)
def top(
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    """Options that stand before a command."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"kowal {installed('kowal')}")
        raise typer.Exit


def run_app() -> int:
    """Run one command; its exit code, once what went on in the background has ended. See docs/exit-codes.md."""
    code = reported()
    close_the_rest(wait=code != INTERRUPTED)
    return code


def reported() -> int:
    """Run one command, and report how it went; its exit code."""
    try:
        app()
    except (KowalError, RegistryError, SandboxError) as error:
        return report(error)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
        if code == INTERRUPTED:
            sys.stderr.write("\nStopped. What was promoted or tried until now is kept; nothing is left half done.\n")
        return code
    return 0


def report(error: KowalError | RegistryError | SandboxError) -> int:
    """Show an error to whoever asked: three parts for people, one object for programs. Its exit code."""
    if "--json" in sys.argv:
        print_error_json(error)
    else:
        sys.stderr.write(error_text(error))
    return error.exit_code
