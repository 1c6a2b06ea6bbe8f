"""Settings in, Agent out. Looks each back end up by the name in the settings and imports none of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.channel_wiring import chats_of, hosts_of
from agent.config import Settings, current_user
from agent.generator import Generator
from agent.journal import Journal
from agent.loop import Agent
from agent.making.admission import Admission
from agent.making.callers import Callers
from agent.making.candidates import Candidates
from agent.making.following import Following
from agent.making.forge import Forge
from agent.making.specifier import Specifier
from agent.matching.decision import Which, nobody_knows
from agent.matching.english import English
from agent.matching.kept import Kept
from agent.matching.lessons import Lessons
from agent.matching.matcher import Matcher
from agent.matching.vectors import Vectors
from agent.model_wiring import aids_of, open_router
from agent.packages import Shelf
from agent.ports import ModelReply, ModelRequest
from agent.promoter import Promoter
from agent.questions import Ask, nobody
from agent.rights.approval import Approval
from agent.rights.broker import Broker
from agent.rights.secrets import Vault
from agent.routing.router import Memory, Router, asked_anew
from agent.runner import Runner
from agent.sandbox_wiring import open_proof
from agent.sandboxes import Sandboxes
from agent.signing import Signing
from agent.types import Event, Listener, ignore
from agent.warden import Warden
from registry import NotARegistry, Operations, Registry, Version

if TYPE_CHECKING:
    from agent.workflow.desk import Desk
    from agent.workflow.people import People
    from agent.workflow.worker import Worker


def build_agent(
    settings: Settings,
    listener: Listener = ignore,
    *,
    spares: int = 1,
    ask: Ask = nobody,
    which: Which = nobody_knows,
    memory: Memory = asked_anew,
    actor: Callable[[], str] = current_user,
) -> Agent:
    """The agent for these settings; its sandbox starts meanwhile. `ask` and `which` put questions to a person.

    `memory` keeps what models reply; `actor` says for whom a thread works.

    Raises `BadSettings`, `NotARegistry`, or another `RegistryError`.
    """
    registry = open_registry(settings)
    journal = Journal(operations=open_operations(settings), recorded_calls=settings.recorded_calls)
    router = open_router(settings, aids_of(settings, journal.operations), memory)
    generator, models = Generator(router=router), settings.models.as_models()
    sandboxes, shelf = open_proof(settings, listener, spares=spares)
    sandboxes.warm_up()
    admission = admission_of(settings, registry, journal.operations, sandboxes, shelf, listener)
    following = Following(Callers(admission=admission))
    return Agent(
        registry=registry,
        matcher=matcher_of(settings, registry, journal.operations, router),
        forge=Forge(
            registry=registry,
            specifier=Specifier(
                registry=registry,
                generator=generator,
                models=models,
                sandboxes=sandboxes,
                shelf=shelf,
                journal=journal,
                listener=listener,
            ),
            candidates=candidates_of(settings, generator, sandboxes, journal, listener),
            admission=admission,
            shelf=shelf,
            budget=settings.budget.as_budget(),
            ask=ask,
            listener=listener,
        ),
        runner=Runner(
            sandboxes=sandboxes,
            generator=generator,
            journal=journal,
            warden=warden_of(settings, registry, journal.operations, following.after, listener),
            broker=broker_of(settings, registry, journal.operations, router, actor, listener),
            limits=settings.limits.as_limits(),
            listener=listener,
        ),
        following=following,
        which=which,
        actor=actor,
    )


def open_desk(settings: Settings) -> "Desk":
    """Where tasks are handed in, with its queue. Raises `OperationsUnavailable`."""
    return desk_on(settings, open_operations(settings))


def desk_on(settings: Settings, operations: Operations) -> "Desk":
    """Where tasks are handed in, in that database. Raises `OperationsUnavailable`."""
    from agent.workflow.desk import Desk  # DBOS takes a third of a second, and most commands have no use for it
    from agent.workflow.queue import Queue

    wanted = settings.tasks
    return Desk(tasks=operations.tasks, queue=Queue(operations), may=wanted.as_permission(), queues=wanted.queues)


def open_people(settings: Settings) -> "People":
    """Where people's words on waiting tasks are taken. Raises as `open_registry` and `open_desk` do."""
    from agent.workflow.people import People

    registry, operations = open_registry(settings), open_operations(settings)
    signing = signing_of(settings, registry, operations)
    return People(desk=desk_on(settings, operations), operations=operations, signing=signing)


def signing_of(settings: Settings, registry: Registry, operations: Operations | None = None) -> Signing:
    """What puts versions into production by a person's word, by the operator's policy."""

    def review_of(version: Version) -> str:
        kept = (operations or open_operations(settings)).reviews.of_digest(version.name, version.digest)
        return kept.url if kept else ""

    return Signing(
        registry=registry,
        allowed=settings.grants.as_grants(),
        may=settings.tasks.as_permission(),
        review_of=review_of if is_reviewed(settings) else None,
    )


def is_reviewed(settings: Settings) -> bool:
    """Whether candidates are merge requests: the registry's remote is a project of a code host."""
    projects = (section.get("registry_project") for section in settings.codehost.values())
    return settings.remote is not None and any(projects)


def open_worker(
    settings: Settings,
    name: str,
    listener: Listener,
    tell: Callable[[str], None],
    *,
    queues: Sequence[str] = (),
) -> "Worker":
    """A worker with an agent of its own, for these queues or for all. Raises as `build_agent` does."""
    from agent.workflow.execution import current
    from agent.workflow.liveness import FileLocks, ServerLocks
    from agent.workflow.recording import Recording
    from agent.workflow.turns import Turns
    from agent.workflow.worker import Limits, Worker, worker_name

    desk = open_desk(settings)
    recording, wanted = Recording(tasks=desk.tasks), settings.tasks

    def told(event: Event) -> None:
        recording.tell(event)
        listener(event)

    def asker() -> str:
        execution = current()
        return execution.by if execution else current_user()

    def remember(request: ModelRequest, ask: Callable[[], ModelReply]) -> ModelReply:
        return recording.remember(request, lambda: heard(ask(), listener))

    agent = build_agent(settings, told, spares=wanted.a_worker, memory=remember, actor=asker)
    path = desk.queue.engine.url.database
    on_sqlite = desk.queue.engine.dialect.name == "sqlite" and path is not None
    limits = Limits(**wanted.model_dump(exclude={"wait_days", "workers", "approvers", "queues"}))
    return Worker(
        turns=Turns(
            agent=agent,
            tasks=desk.tasks,
            queue=desk.queue,
            worker=worker_name(name),
            wait_days=wanted.wait_days,
            listener=listener,
        ),
        liveness=FileLocks(Path(f"{path}.workers")) if on_sqlite else ServerLocks(desk.queue.engine),
        limits=limits,
        queues=queues or wanted.queues,
        tell=tell,
    )


def heard(reply: ModelReply, listener: Listener) -> ModelReply:
    """The reply, which is told of: what it took, not what it says."""
    used = {"tokens_in": reply.usage.tokens_in, "tokens_out": reply.usage.tokens_out, "seconds": reply.seconds}
    listener(Event(action="model.replied", facts={"model": f"{reply.provider}/{reply.model}", **used}))
    return reply


def candidates_of(
    settings: Settings, generator: Generator, sandboxes: Sandboxes, journal: Journal, listener: Listener
) -> Candidates:
    """What has candidates written, and tries them."""
    return Candidates(
        generator=generator,
        models=settings.models.as_models(),
        sandboxes=sandboxes,
        journal=journal,
        count=settings.candidates,
        limits=settings.limits.as_limits(),
        listener=listener,
    )


def matcher_of(settings: Settings, registry: Registry, operations: Operations, router: Router) -> Matcher:
    """What finds functions, within the operator's accepted error."""
    kept = Kept(settings.cache / "matching.sqlite")
    return Matcher(
        registry=registry,
        lessons=Lessons(operations=operations),
        router=router,
        vectors=Vectors(embed=router.embed, kept=kept),
        english=English(router=router, kept=kept),
        accepted_error=settings.accepted_error,
    )


def admission_of(
    settings: Settings,
    registry: Registry,
    operations: Operations,
    sandboxes: Sandboxes,
    shelf: Shelf,
    listener: Listener,
) -> Admission:
    """The way into the registry, by the operator's policy."""
    return Admission(
        registry=registry,
        operations=operations,
        sandboxes=sandboxes,
        shelf=shelf,
        promoter=Promoter(
            registry=registry,
            policy=settings.promotion,
            allow=settings.grants.as_grants(),
            packages=settings.requirements.as_allowed(),
            is_reviewed=is_reviewed(settings),
        ),
        limits=settings.limits.as_limits(),
        listener=listener,
    )


def warden_of(
    settings: Settings, registry: Registry, operations: Operations, follow: Callable[[str], None], listener: Listener
) -> Warden:
    """What watches versions at work, by the operator's policy."""
    return Warden(
        registry=registry,
        operations=operations,
        policy=settings.promotion,
        reliability=settings.reliability,
        canary_share=settings.canary_share,
        follow=follow,
        listener=listener,
    )


def broker_of(
    settings: Settings,
    registry: Registry,
    operations: Operations,
    router: Router,
    actor: Callable[[], str],
    listener: Listener,
) -> Broker:
    """What stands between functions and the world, by the operator's grants and secrets."""
    return Broker(
        approval=Approval(registry=registry, allow=settings.grants.as_grants()),
        record=operations.record_audit,
        complete=router.complete,
        secret_of=settings.secret,
        actor=actor,
        wall_clock_s=settings.limits.granted_wall_clock_s,
        chat=chats_of(settings),
        codehost=hosts_of(settings),
        hide=lambda text: Vault(settings.hidden).hidden_text(text),  # read where a chat is asked, not at every start
        listener=listener,
    )


def open_registry(settings: Settings) -> Registry:
    """The registry of the settings. Raises `NotARegistry` where there is none yet."""
    if not settings.registry.exists():
        raise NotARegistry(
            f"There is no registry at {settings.registry} yet", advice="Run `kowal init` to make one there."
        )
    return Registry.open(settings.registry, remote=settings.remote)


def open_operations(settings: Settings) -> Operations:
    """The operational database of the settings, its schema brought up to date."""
    return Operations.open(settings.database_place)
