"""Looks for the container engine's socket under every name it is known by, and for abstract sockets of the host."""
# acceptable: value, exception

import socket

NAMES = (
    "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock",
    "/run/user/1000/docker.sock", "/run/crio/crio.sock", "/run/dbus/system_bus_socket", "/run/systemd/private",
    "\0containerd-shim", "\0/tmp/.X11-unix/X0",
)  # fmt: skip


def attack():
    reached = []
    for name in NAMES:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(0.2)
                client.connect(name)
            reached.append(name)
        except OSError:
            pass
    return reached
