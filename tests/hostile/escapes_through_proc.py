"""Walks and writes through /proc, /sys and /dev to the kernel's switches, to other processes and to the host's root."""
# acceptable: value, crash

import os

WRITES = (
    "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger", "/proc/1/mem", "/proc/1/fd/1",
    "/proc/1/oom_score_adj", "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/cgroup.procs", "/sys/kernel/uevent_helper", "/dev/mem", "/dev/kmsg",
    "/proc/self/uid_map", "/proc/sys/kernel/modprobe", "/proc/bus/pci/00/00.0", "/sys/class/net/lo/mtu",
)  # fmt: skip
READS = ("/proc/1/environ", "/proc/1/fd/0", "/proc/1/root/etc", "/proc/1/cwd", "/proc/kcore", "/proc/1/maps", "/dev/kmsg")


def attack():
    reached = []
    parent = os.getppid() if hasattr(os, "getppid") else 1
    for path in WRITES:
        try:
            with open(path, "r+b", buffering=0) as file:
                reached.append(path if file.write(b"0") else "")
        except Exception:
            pass
    for path in [*READS, *(path.replace("/1/", f"/{parent}/") for path in READS)]:
        try:
            (os.listdir if path.endswith(("etc", "cwd")) else open)(path)
            reached.append(path)
        except Exception:
            pass
    return reached
