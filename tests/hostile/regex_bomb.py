"""Backtracks without end inside C code, where no Python instruction is run."""
# acceptable: timeout

import re


def attack():
    return re.fullmatch(r"(\w+\s?)*", "a" * 80 + "!") is not None
