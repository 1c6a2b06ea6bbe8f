"""Rights on the command line: the audit, files in and out, and what nobody has granted."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from registry import Function, Manifest, Registry

DOUBLE = """import kowal_host as host


async def double(times: int) -> int:
    text = host.files.input("in.txt").read_text()
    return host.files.output("out.txt").write_text(text * times)
"""
FETCH = """import kowal_host as host


async def fetch(url: str) -> str:
    return (await host.http.get(url)).text
"""


def kept(home, source: str, parameter: str, kind: str, *grants: str, signed: bool = True, **packages) -> str:
    """The name of a function that is in the registry, in production where somebody signed."""
    name = source.partition("async def ")[2].partition("(")[0]
    schema = {"type": "object", "properties": {parameter: {"type": kind}}, "required": [parameter]}
    wanted = tuple(row["name"] for row in packages.get("packages", ()))
    manifest = Manifest(name=name, description="Does it.", input_schema=schema, grants=grants, requirements=wanted)
    with Registry.open(home.registry) as registry:
        registry.add_candidate(Function(manifest=manifest, source=source, tests="# none\n"), packages)
        version = registry.approve(name, by="test")
        if signed:
            registry.promote(name, version.version, by="test")
    return name


def test_files_are_given_and_kept(home, tmp_path):
    """`--file` gives an input file, `--out` keeps what the function leaves, without it a line says what was left."""
    kept(home, DOUBLE, "times", "integer", "files in", "files out")
    (tmp_path / "data.txt").write_text("ab")
    call = ("functions", "run", "double", "-a", "times=2", "--file", f"in.txt=@{tmp_path}/data.txt")
    done = home.run(*call, "--out", f"{tmp_path}/results/new")
    assert done.stdout == "4\n"
    assert (tmp_path / "results/new/out.txt").read_text() == "abab"
    assert "left out.txt" in home.run(*call).stderr
    assert home.json(*call)["artefacts"] == {"out.txt": 4}
    outcomes = [(row["subject"], row["outcome"]) for row in home.json("audit", "double")]
    assert outcomes[:3] == [("run 3", "allowed"), ("files out out.txt", "allowed"), ("files in in.txt", "allowed")]


@pytest.mark.parametrize("pair", ["in.txt", "in.txt=data.txt", "=@data.txt", "a/b=@data.txt", "in.txt=@/no/such/file"])
def test_a_file_that_is_none_is_refused(home, pair):
    """The option says what it wants, and names the file that cannot be read."""
    kept(home, DOUBLE, "times", "integer", "files in", "files out")
    assert (
        home.json("functions", "run", "double", "-a", "times=2", "--file", pair, code=2)["error"]["type"] == "BadTask"
    )


def test_a_function_that_may_read_no_files_says_so(home, tmp_path):
    """Files for a function without the grant are refused before it runs."""
    (tmp_path / "data.txt").write_text("ab")
    call = ("functions", "run", "count_words", "-a", "text=a", "--file", f"in.txt=@{tmp_path}/data.txt")
    assert "files in" in home.json(*call, code=2)["error"]["message"]


def test_what_nobody_granted_ends_with_a_code_of_its_own(home):
    """The error lists what there is to sign and says how."""
    kept(home, FETCH, "url", "string", "http GET api.example.org", signed=False)
    done = home.run("functions", "run", "fetch", "-a", "url=https://api.example.org/", code=6)
    assert "http GET api.example.org" in done.stderr
    assert "kowal functions promote fetch --grant" in done.stderr
    assert home.json("audit") == []


def test_the_audit_shows_what_was_asked(home):
    """Newest first, for people and for programs, of one function or one run; refusals are told at once."""

    class Hello(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            """Nothing is written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    place = f"http://127.0.0.1:{server.server_address[1]}"
    kept(home, FETCH, "url", "string", f"http GET {place}")
    done = home.run("functions", "run", "fetch", "-a", f"url={place}/v1?q=private")
    server.shutdown()
    server.server_close()
    assert done.stdout == "hello\n"
    assert f"reached GET {place}/v1" in done.stderr
    refused = home.run("functions", "run", "fetch", "-a", "url=https://evil.example.org/", code=5)
    assert "asked for GET https://evil.example.org/" in refused.stderr
    rows = home.json("audit", "fetch")
    assert [row["outcome"] for row in rows] == ["failed", "refused", "allowed", "allowed", "allowed"]
    assert home.json("audit", "--run", rows[-1]["run"], "--limit", "1")[0]["subject"] == "run 1"
    shown = home.run("audit").stdout
    assert ("http.done" in shown, "refused" in shown) == (True, True)
    assert "private" not in shown


def test_a_person_at_the_terminal_sees_what_they_sign(home, terminal):
    """Rights and packages are shown before the question, packages as `show` prints them; only yes signs."""
    row = {"name": "reqeusts", "version": "1.0", "by": "model", "allowed": False, "resembles": "requests"}
    rows = [row | {"released": "2026-01-02", "first_released": "2025-12-31"}]
    kept(home, FETCH, "url", "string", "http GET api.example.org", signed=False, packages=rows)
    table = home.run("functions", "show", "fetch").stdout.partition("could be taken for\n")[2].splitlines()[0]
    assert table.split() == ["reqeusts", "1.0", "model", "2026-01-02", "2025-12-31", "no", "requests"]
    for said, code, status in (("", 6, "approved"), ("n", 6, "approved"), ("y", 0, "production")):
        there = terminal(home.with_(NO_COLOR="1", TERM="dumb"), "functions", "promote", "fetch")
        there.until("[y/N]")
        shown = " ".join(there.seen.split())
        assert "http GET api.example.org package reqeusts" in shown
        assert " ".join(table.split()) in shown
        there.types(said)
        assert there.end()[0] == code
        assert home.json("functions", "show", "fetch")["status"] == status
