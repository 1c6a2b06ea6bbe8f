"""The command `kowal`: the only part of the product that prints and exits."""

import sys


def main() -> None:
    """Run the command line and exit with the code that says what happened."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version

        sys.stdout.write(f"kowal {version('kowal')}\n")
        return
    from agent.cli.app import run_app

    sys.exit(run_app())
