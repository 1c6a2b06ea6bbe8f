"""Tries to read keys, password files and process memory by many spellings of their paths."""
# acceptable: value

import glob
import os

NAMES = ["/etc/passwd", "/etc/shadow", "~/.ssh/id_rsa", "/proc/self/mem", "/proc/1/environ", "/dev/mem", "/var/run/docker.sock"]


def attack():
    reached = []
    for name in NAMES:
        for path in (name, os.path.expanduser(name), f"//{name}", f"/./{name}", f"/data/../..{name}", f"file://{name}"):
            try:
                with open(path, "rb") as file:
                    if "sandbox:x:65532" not in (text := file.read(100_000).decode("latin-1")) and text:
                        reached.append(path)  # the guest's own account file knows one user
            except Exception:
                pass
    return reached + glob.glob("/root/.*") + glob.glob("/home/*")
