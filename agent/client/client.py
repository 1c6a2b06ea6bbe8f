"""`Client`: the service's operations, and on top of them the verbs of `agent` that wait for an answer."""

import ssl
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from agent.arguments import plain
from agent.client.handle import RemoteTask
from agent.client.line import Line
from agent.client.operations import Operations
from agent.errors import BadTask
from agent.examples import ExampleLike, read_examples
from agent.ports import NO_CONSTRAINTS, Constraints
from agent.service.requests import MOST_CHARS, Demands, TaskRequest

if TYPE_CHECKING:
    from agent.api import SubmitOptions


class Client(Operations):
    """Kowal, served somewhere else. Safe to use from several threads; close it, or use it in a `with`."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout_s: float = 30.0,
        patience_s: float = 60.0,
        verify: bool | ssl.SSLContext = True,
    ) -> None:
        """A client of the service at that address. Nothing is sent yet.

        `timeout_s` is how long one answer may take, `patience_s` how long it goes on trying while none comes.
        `verify`: an `ssl.SSLContext` for a certificate of your own. Raises `BadSettings` for an address that is none.
        """
        self._line = Line(url, token=token, timeout_s=timeout_s, patience_s=patience_s, verify=verify)

    def execute_task(
        self,
        task: str,
        /,
        *,
        examples: Sequence[ExampleLike] = (),
        options: Constraints = NO_CONSTRAINTS,
        **arguments: Any,
    ) -> Any:
        """The value of the task, as `agent.execute_task` gives it; done by the service's workers.

        Raises the same errors, and `TaskNotDone` where it waits for somebody: the task and what it waits for stand in
        `facts`, and the advice says how to answer. A service that ends and comes back in the middle loses nothing.
        """
        request = wished(task, arguments, examples, options)
        return RemoteTask(client=self, id=self.submit_task(request).id).result().value

    def submit(
        self,
        task: str,
        /,
        *,
        examples: Sequence[ExampleLike] = (),
        options: "SubmitOptions | None" = None,
        **arguments: Any,
    ) -> RemoteTask:
        """A handle to the task, which is on the service's queue when this returns, as `agent.submit` gives it."""
        if options is None:
            request, key = wished(task, arguments, examples, NO_CONSTRAINTS), ""
        else:
            more = {"priority": options.priority, "deadline_s": options.deadline_s, "queue": options.queue}
            request, key = wished(task, arguments, examples, options.constraints, **more), options.key
        return RemoteTask(client=self, id=self.submit_task(request, key=key or uuid.uuid4().hex).id)

    def close(self) -> None:
        """Close the connections. Idempotent."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client of {self._line.url}>"


def wished(
    text: str, arguments: dict[str, Any], examples: Sequence[ExampleLike], constraints: Constraints, **more: Any
) -> TaskRequest:
    """The task as it is sent. Raises `BadTask`, and `BadArguments` for values that JSON has no form for."""
    if not 0 < len(text) <= MOST_CHARS:
        raise BadTask(f"A task has 1 to {MOST_CHARS} characters, and not {len(text)}")
    said, given = plain(text, "task"), {name: plain(value, name) for name, value in arguments.items()}
    known = read_examples(examples)
    try:
        demands = Demands.model_validate(asdict(constraints))
        return TaskRequest(task=said, arguments=given, examples=known, constraints=demands, **more)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadTask(f"`{'.'.join(map(str, first['loc']))}` is wrong: {first['msg']}", advice="") from None
