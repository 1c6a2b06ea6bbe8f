"""Makes empty files, folders and links without end, where size is not counted."""
# acceptable: exception, timeout, memory, crash

import itertools
import os
import tempfile


def attack():
    folder = tempfile.mkdtemp()
    for number in itertools.count():
        os.mkdir(f"{folder}/{number}")
        open(f"{folder}/{number}/file", "w").close()
