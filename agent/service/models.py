"""The router as a service: which models there are, and one question to the one that may answer it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from agent.ports import Message, ModelRequest, Purpose
from agent.routing.asking import Asking, asking
from agent.routing.listing import rows_of
from agent.routing.router import Router
from agent.service.callers import Caller, Scope
from agent.service.requests import ModelAsk
from agent.service.views import ModelAnswer, ModelView


@dataclass(frozen=True, kw_only=True)
class ModelVerbs:
    """Each raises `NotPermitted`."""

    router: Router

    def list(self, caller: Caller) -> Sequence[ModelView]:
        """The models of all servers; servers are asked what they have, and no model is asked anything."""
        caller.refuse(Scope.MODELS)
        standing = self.router.fleet.snapshot()
        return [ModelView.model_validate(row) for each in standing for row in rows_of(each, self.router.aids.speeds)]

    def ask(self, asked: ModelAsk, caller: Caller) -> ModelAnswer:
        """The reply of the best model that may be asked, within what is demanded and what the caller may spend.

        Raises a `ModelError`: `NoRoute` where the demands leave nobody, `BudgetExceeded`.
        """
        caller.refuse(Scope.MODELS)
        told = (Message(role="system", content=asked.system),) if asked.system else ()
        request = ModelRequest(
            messages=(*told, Message(role="user", content=asked.task)),
            purpose=Purpose.SERVICE,
            task=asked.task,
            schema=asked.output_schema,
            temperature=asked.temperature,
            seed=asked.seed,
            model=asked.demands().model or None,
        )
        whose = Asking(task=f"service-{uuid.uuid4().hex}", by=caller.by, constraints=asked.demands())
        with asking(whose):
            reply = self.router.complete(request)
        return ModelAnswer(
            text=reply.text,
            provider=reply.provider,
            model=reply.model,
            server=reply.server,
            tokens_in=reply.usage.tokens_in,
            tokens_out=reply.usage.tokens_out,
            cost_eur=reply.usage.cost_eur,
            seconds=reply.seconds,
            truncated=reply.truncated,
            kept=reply.is_kept,
        )
