"""Settings in, Agent out. Looks each back end up by the name in the settings and imports none of them."""

from collections.abc import Callable

from agent.config import Settings
from agent.generator import Generator
from agent.journal import Journal
from agent.loader import load
from agent.loop import Agent
from agent.making.admission import Admission
from agent.making.candidates import Candidates
from agent.making.forge import Forge
from agent.making.specifier import Specifier
from agent.matcher import Matcher
from agent.ports import LLMProvider
from agent.promoter import Promoter
from agent.questions import Ask, nobody
from agent.router import Router
from agent.runner import Runner
from agent.types import Event, Listener, ignore
from agent.warden import Warden
from registry import NotARegistry, Operations, Registry
from sandbox import Sandbox


def build_agent(settings: Settings, listener: Listener = ignore, *, spares: int = 1, ask: Ask = nobody) -> Agent:
    """The agent for these settings; its sandbox starts in the background meanwhile. `ask` puts questions to a person.

    Raises `BadSettings`, `NotARegistry`, or another `RegistryError`.
    """
    registry = open_registry(settings)
    journal = Journal(operations=open_operations(settings), recorded_calls=settings.recorded_calls)
    router = Router([open_provider(settings, name) for name in settings.providers])
    generator, models = Generator(router=router), settings.models.as_models()
    limits = settings.limits.as_limits()
    sandbox = open_sandbox(settings, progress_to(listener), spares=spares)
    sandbox.warm_up()
    return Agent(
        registry=registry,
        matcher=Matcher(
            registry=registry,
            operations=journal.operations,
            router=router,
            threshold=settings.match_threshold,
            margin=settings.match_margin,
        ),
        forge=Forge(
            registry=registry,
            specifier=Specifier(
                generator=generator, models=models, sandbox=sandbox, journal=journal, listener=listener
            ),
            candidates=Candidates(
                generator=generator,
                models=models,
                sandbox=sandbox,
                journal=journal,
                count=settings.candidates,
                limits=limits,
                listener=listener,
            ),
            admission=Admission(
                registry=registry,
                operations=journal.operations,
                sandbox=sandbox,
                promoter=Promoter(registry=registry, policy=settings.promotion),
                limits=limits,
                listener=listener,
            ),
            budget=settings.budget.as_budget(),
            ask=ask,
            listener=listener,
        ),
        runner=Runner(
            sandbox=sandbox,
            generator=generator,
            journal=journal,
            warden=warden_of(settings, registry, journal.operations, listener),
            limits=limits,
            listener=listener,
        ),
    )


def warden_of(settings: Settings, registry: Registry, operations: Operations, listener: Listener) -> Warden:
    """What watches versions at work, by the operator's policy."""
    return Warden(
        registry=registry,
        operations=operations,
        policy=settings.promotion,
        reliability=settings.reliability,
        canary_share=settings.canary_share,
        listener=listener,
    )


def open_registry(settings: Settings) -> Registry:
    """The registry of the settings. Raises `NotARegistry` where there is none yet."""
    if not settings.registry.exists():
        raise NotARegistry(
            f"There is no registry at {settings.registry} yet", advice="Run `kowal init` to make one there."
        )
    return Registry.open(settings.registry)


def open_operations(settings: Settings) -> Operations:
    """The operational database of the settings, its schema brought up to date."""
    return Operations.open(settings.database_place)


def open_sandbox(settings: Settings, on_progress: Callable[[str], None], *, spares: int = 1) -> Sandbox:
    """The sandbox of the settings. Raises `BadSettings` for a name that is none."""
    section = {"cache": settings.cache, **settings.backends.get(settings.sandbox, {})}
    if settings.sandbox == "wasm":
        section.setdefault("spares", spares)
    sandbox: Sandbox = load("sandbox.backends", settings.sandbox).open(section, on_progress)
    return sandbox


def open_provider(settings: Settings, name: str) -> LLMProvider:
    """One model provider. Raises `BadSettings` for a name or a key that is none."""
    provider: LLMProvider = load("integrations.llm", name).open(settings.provider_section(name))
    return provider


def progress_to(listener: Listener) -> Callable[[str], None]:
    """A listener for plain lines, as events."""
    return lambda line: listener(Event(action="progress", facts={"line": line}))
