"""Looks for what an earlier run of itself left in files, shared memory, queues and sockets, and leaves it anew."""
# acceptable: value

import os
import socket
import subprocess
import tempfile

MARK = "kowal-hostile-leftover"
FOLDERS = ("/tmp", "/dev/shm", "/dev/mqueue", "/var/tmp", "/run", "/data", tempfile.gettempdir(), os.path.expanduser("~"))


def attack():
    found = []
    for folder in dict.fromkeys(map(os.path.abspath, FOLDERS)):
        try:
            found += [name for name in os.listdir(folder) if MARK in name]
            open(f"{folder}/{MARK}", "w").close()
        except OSError:
            pass
    for table in ("/proc/sysvipc/shm", "/proc/sysvipc/msg", "/proc/sysvipc/sem"):
        try:
            found += open(table).read().splitlines()[1:]
        except OSError:
            pass
    try:
        import ctypes

        libc = ctypes.CDLL(None)
        libc.shmget(4711, 4096, 0o1666), libc.msgget(4712, 0o1666), libc.semget(4713, 1, 0o1666)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"\0{MARK}")
        found.append("socket")
    except (OSError, ImportError, AttributeError):
        pass
    try:
        subprocess.Popen(["sleep", "60"], start_new_session=True)
        found += [pid for pid in os.listdir("/proc") if pid.isdigit() and sleeps(pid) and int(pid) < os.getpid()]
    except (OSError, AttributeError):
        pass
    return found


def sleeps(pid):
    with open(f"/proc/{pid}/cmdline") as file:
        return file.read().startswith("sleep")
