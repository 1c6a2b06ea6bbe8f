"""Closes every descriptor, the ones of the runner included."""
# acceptable: value, crash, exception

import os


def attack():
    os.closerange(0, 4096)
    return []
