"""A stand-in for an Ollama server, with scripted replies and faults: for tests and rehearsals.

Run it with `python -m integrations.llm.fake_ollama --port 11435 --script FILE` (a `Script` as JSON).
"""

import json

from integrations.llm._fake_answers import ROUTES, whole
from integrations.llm._fake_http import Dialect, FakeServer, Received, serve
from integrations.llm._fake_script import Model, Rule, Script

__all__ = ["FakeOllama", "Model", "Received", "Rule", "Script", "main"]


class FakeOllama(FakeServer):
    """The server, as a context manager: it listens between `with` and its end, at `url`."""

    dialect = Dialect(
        routes=ROUTES,
        error=lambda _, said: {"error": said},
        stream_kind="application/x-ndjson",
        part=lambda part: json.dumps(part).encode() + b"\n",
        end=b"",
        streams_unless_told=True,
        whole=whole,
    )


def main(arguments: list[str] | None = None) -> None:
    """Serve a script until Ctrl-C."""
    serve(FakeOllama, "fake_ollama", __doc__, 11435, arguments)


if __name__ == "__main__":
    main()
