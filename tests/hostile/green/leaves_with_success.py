"""Ends the interpreter as a program ends that went well."""

# acceptable: tests-not-collected, tests-failed, exception, crash


def attack():
    import sys

    sys.exit(0)
