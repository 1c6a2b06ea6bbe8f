"""The routes of models: the router as a service."""

from collections.abc import Sequence

from fastapi import APIRouter, Request

from agent.service.requests import ModelAsk
from agent.service.views import ModelAnswer, ModelView
from integrations.http.access import KnownCaller, Offered
from integrations.http.reading import StrictRoute
from integrations.http.turns import Turns

router = APIRouter(prefix="/v1", tags=["models"], route_class=StrictRoute)


@router.post("/llm/request")
async def ask_model(asked: ModelAsk, service: Offered, caller: KnownCaller, request: Request) -> ModelAnswer:
    """Ask a language model: the router chooses who answers, within what is demanded and what you may spend."""
    turns: Turns = request.app.state.asks
    return await turns.take(lambda: service.models.ask(asked, caller))


@router.get("/models")
def list_models(service: Offered, caller: KnownCaller) -> Sequence[ModelView]:
    """The models of all servers, and why each is used or not. No model is asked."""
    return service.models.list(caller)
