"""Starts threads without end, each of which starts others."""
# acceptable: exception, timeout, memory, crash

import threading


def attack():
    while True:
        threading.Thread(target=attack, daemon=False).start()
