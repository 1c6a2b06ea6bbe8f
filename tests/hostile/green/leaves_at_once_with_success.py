"""Ends the process at once, with the exit code of success."""

# acceptable: crash


def attack():
    import os

    os._exit(0)
