"""What tests put between a client and a server: a proxy, and a certificate of one's own."""

import contextlib
import socket
import subprocess
import threading
from pathlib import Path


def make_certificate(folder: Path) -> tuple[Path, Path] | None:
    """A certificate for localhost that signs itself, and its key; None without an openssl that makes such ones."""
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, capture_output=True,
    )  # fmt: skip
    return None if made.returncode else (folder / "cert.pem", folder / "key.pem")


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class Proxy:
    """Passes on what CONNECT asks for, and plain requests, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += line.recv(65536)
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            self.asked.append(f"{method} {target}")
            place = target if method == "CONNECT" else target.split("/")[2]
            host, _, port = place.partition(":")
            with socket.create_connection((host, int(port))) as there:
                if method == "CONNECT":
                    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    there.sendall(head.replace(f" http://{place}/".encode(), b" /"))
                back = threading.Thread(target=self._pass_on, args=(there, line), daemon=True)
                back.start()
                self._pass_on(line, there, f" http://{place}/".encode())
                back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket, place: bytes = b"\0\0\0\0") -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data.replace(place, b" /"))
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Accept nothing more."""
        self._socket.close()
