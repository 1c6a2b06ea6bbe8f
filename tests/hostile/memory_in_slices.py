"""Takes memory in small pieces and keeps going after every MemoryError."""
# acceptable: timeout, memory, crash


def attack():
    kept = []
    while True:
        try:
            kept.append(bytearray(4096))
        except MemoryError:
            kept = [kept]
