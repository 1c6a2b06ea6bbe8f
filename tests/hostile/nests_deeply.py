"""Nests a value so deeply that its destruction, its hash or its text overflows the stack."""
# acceptable: crash, exception, memory, value


def attack():
    value = ()
    for _ in range(200_000):
        value = (value,)
    hash(value)
    return []
