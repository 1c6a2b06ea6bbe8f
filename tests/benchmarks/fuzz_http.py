"""Requests made from the OpenAPI document, good and bad, against the live service: `make fuzz-http SECONDS=300`.

Schemathesis makes them: every example and boundary of every parameter, then random ones, then chains of requests in
which one uses what another gave. A worker works meanwhile on what is handed in.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs
from http_stand import Stand, seeded, stand_in, working

LEFT_OUT = {
    "positive_data_acceptance": "what fits the document may be refused for what it means: no such task, nothing waits",
}
"""Checks of schemathesis that are not held here, with the reason."""
PATIENCE_S = 90


def fuzzed(stand: Stand, *words: str) -> subprocess.CompletedProcess[str]:
    """What schemathesis found."""
    command = (
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{stand.url}/openapi.json",
        "--header", f"Authorization: Bearer {stand.token}", "--checks", "all", "--exclude-checks", ",".join(LEFT_OUT),
        "--request-timeout", str(PATIENCE_S), "--no-color", "--continue-on-failure", *words,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:  # it keeps its examples where it runs
        return subprocess.run(
            command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )


def main() -> int:
    """Fuzz for `SECONDS`, and print what was found."""
    cache = Path(os.environ.get("KOWAL_CACHE") or platformdirs.user_cache_dir("kowal"))
    with tempfile.TemporaryDirectory() as name:
        seeded(Path(name), cache)
        with stand_in(Path(name), cache) as stand, working(stand.settings):
            done = fuzzed(stand, "--max-time", os.environ.get("SECONDS", "300"), *sys.argv[1:])
    sys.stdout.write(done.stdout)
    for event in stand.events:
        if event.action == "http.failed":
            sys.stdout.write(f"{event.action} {dict(event.facts)}\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
