"""Returns a result that is small where it is made and large where it is read: one row, ten million times."""
# acceptable: result-too-large, memory, timeout, crash


def attack():
    row = ["x" * 1000] * 1000
    return [row] * 10_000
