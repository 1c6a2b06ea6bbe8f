"""The command `kowal`: the only part of the product that prints and exits."""

import gc
import sys


def main() -> None:
    """Run the command line and exit with the code that says what happened."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version

        sys.stdout.write(f"kowal {version('kowal')}\n")
        return
    gc.disable()  # what is imported stays: to look through it again and again takes a fifteenth of the start
    from agent.cli.app import run_app

    gc.freeze()
    gc.enable()
    sys.exit(run_app())
