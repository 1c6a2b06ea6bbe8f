"""Loads native code and asks the kernel for what a prisoner must not have: mounts, tracing, name spaces, clocks, modules."""
# acceptable: value, exception, crash

FORBIDDEN = {  # numbers of x86-64; none does harm with these arguments where it is allowed
    "ptrace": (101, 16, 1, 0, 0), "mount": (165, b"none", b"/tmp", b"tmpfs", 0, 0), "umount": (166, b"/tmp", 2),
    "swapon": (167, b"/tmp/none", 0), "pivot_root": (155, b"/tmp", b"/tmp"), "chroot": (161, b"/tmp"),
    "settimeofday": (164, b"\0" * 16, 0), "setuid": (105, 0), "setgid": (106, 0), "iopl": (172, 3),
    "init_module": (175, b"", 0, b""), "unshare": (272, 0x10000000), "setns": (308, 0, 0), "bpf": (321, 0, 0, 0),
    "keyctl": (250, 0, -3, 1), "kexec_load": (246, 0, 0, 0, 0), "perf_event_open": (298, 0, 0, 0, -1, 0),
    "open_by_handle_at": (304, -100, 0, 0), "process_vm_readv of 1": (310, 1, 0, 0, 0, 0), "userfaultfd": (323, 0),
    "acct": (163, b"/tmp/acct"), "sethostname": (170, b"x", 1), "quotactl": (179, 0, 0, 0, 0),
    "clock_settime": (227, 0, b"\0" * 16), "name_to_handle_at": (303, -100, b"/tmp", 0, 0, 0),
}
REFUSALS = {1, 3, 13, 38}  # not permitted, no such process, access denied, not there


def attack():
    import ctypes
    import mmap

    mmap.mmap(-1, 4096, prot=7)
    libc = ctypes.CDLL(None, use_errno=True)
    reached = []
    for name, (number, *arguments) in FORBIDDEN.items():
        ctypes.set_errno(0)
        if libc.syscall(number, *arguments) != -1 or ctypes.get_errno() not in REFUSALS:
            reached.append(f"{name} {ctypes.get_errno()}")
    return reached
