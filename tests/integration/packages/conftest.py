"""A package index on loopback, with wheels that are made when a test asks for them."""

import base64
import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.packages import Layers
from sandbox.resolver import Resolver

OLD = "2020-01-01T00:00:00Z"
"""When files are uploaded that a test says nothing else of."""


def wheel(name: str, version: str, files: Mapping[str, str], requires: tuple[str, ...] = ()) -> bytes:
    """A wheel with these files, and its own metadata."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents = {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": tags}
    rows = [f"{path},sha256={digest(text)},{len(text.encode())}" for path, text in contents.items()]
    contents[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
    return packed.getvalue()


def digest(text: str) -> str:
    """A digest as RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Index:
    """What the index has, and what it was asked."""

    address: str = ""
    pages: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """By package: the file's name, its digest, when it was uploaded (empty: the index does not say)."""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def add(
        self,
        name: str,
        version: str,
        files: Mapping[str, str] | None = None,
        *,
        requires: tuple[str, ...] = (),
        uploaded: str = OLD,
        tag: str = "py3-none-any",
    ) -> None:
        """Put a wheel there; without files it holds one module with a constant."""
        module = name.replace("-", "_")
        made = wheel(module, version, files or {f"{module}/__init__.py": f"VERSION = {version!r}\n"}, requires)
        file = f"{module}-{version}-{tag}.whl"
        self.files[file] = made
        self.pages.setdefault(name, []).append((file, hashlib.sha256(made).hexdigest(), uploaded))

    def page(self, name: str) -> str:
        """The page of one package, as PEP 503 and PEP 700 describe it."""
        return "".join(
            f'<a href="{self.address}/files/{file}#sha256={checksum}"'
            + (f' data-upload-time="{uploaded}"' if uploaded else "")
            + f">{file}</a>"
            for file, checksum, uploaded in self.pages[name]
        )


@contextmanager
def serving() -> Iterator[Index]:
    """An index that answers on a free port of this machine."""
    index = Index()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append(self.path)
            kind, _, name = self.path.strip("/").partition("/")
            body = index.files.get(name) if kind == "files" else None
            if kind == "simple" and name in index.pages:
                body = f"<!DOCTYPE html><html><body>{index.page(name)}</body></html>".encode()
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", "text/html" if kind == "simple" else "application/octet-stream")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body or b"")

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def index() -> Iterator[Index]:
    """An empty package index."""
    with serving() as made:
        yield made


@pytest.fixture
def resolver(index: Index) -> Resolver:
    """What asks that index."""
    return Resolver(index=f"{index.address}/simple")


@pytest.fixture
def layers(resolver: Resolver, tmp_path: Path) -> Layers:
    """An empty folder of layers."""
    return Layers(tmp_path / "layers", resolver, on_progress=lambda line: None)
