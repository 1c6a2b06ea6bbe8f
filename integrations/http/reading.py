"""Reads the JSON of a request strictly: what two readers could read differently is refused."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response


class StrictRoute(APIRoute):
    """A route whose body is read strictly: `app.router.route_class = StrictRoute`, before routes are added."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute`."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


class StrictRequest(Request):
    """A request that takes JSON as RFC 8259 and I-JSON have it."""

    async def json(self) -> Any:
        """The body. Raises `JSONDecodeError`, which FastAPI answers as an error of the request."""
        return read_json(await self.body())


def read_json(body: bytes) -> Any:
    """The value. Raises `JSONDecodeError` for bad UTF-8, names said twice, `NaN`, half characters, and deep nesting."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()  # fails where half of a surrogate pair is in it
    except json.JSONDecodeError:
        raise
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("not UTF-8", "", error.start) from None
    except UnicodeEncodeError:
        raise json.JSONDecodeError("half of a character", "", 0) from None
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", "", 0) from None
    except ValueError as error:
        raise json.JSONDecodeError(str(error)[:100], "", 0) from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object. Raises `ValueError` where a name comes twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is said twice in one object")
    return found


def _no_constant(word: str) -> NoReturn:
    """Raise `ValueError`: it is JavaScript's and not JSON's."""
    raise ValueError(f"{word} is no JSON")
