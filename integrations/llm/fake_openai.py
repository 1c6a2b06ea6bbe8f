"""A stand-in for a server that speaks OpenAI's API, with scripted replies and faults: for tests and rehearsals.

Run it with `python -m integrations.llm.fake_openai --port 11436 --script FILE` (a `Script` as JSON).
"""

from integrations.llm._fake_http import Dialect, FakeServer, Received, serve
from integrations.llm._fake_openai_answers import ROUTES, error, part, whole
from integrations.llm._fake_script import Model, Rule, Script

__all__ = ["FakeOpenAI", "Model", "Received", "Rule", "Script", "main"]


class FakeOpenAI(FakeServer):
    """The server, as a context manager: it listens between `with` and its end, at `url`; the API is at `url/v1`."""

    dialect = Dialect(
        routes=ROUTES,
        error=error,
        stream_kind="text/event-stream",
        part=part,
        end=b"data: [DONE]\n\n",
        streams_unless_told=False,
        whole=whole,
    )


def main(arguments: list[str] | None = None) -> None:
    """Serve a script until Ctrl-C."""
    serve(FakeOpenAI, "fake_openai", __doc__, 11436, arguments)


if __name__ == "__main__":
    main()
