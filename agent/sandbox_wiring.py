"""Settings in, sandboxes and the shelf of packages out. Looks back ends up by name and imports none of them."""

from collections.abc import Callable

from agent.config import Settings
from agent.loader import load
from agent.packages import Shelf
from agent.sandboxes import Sandboxes, named
from agent.types import Event, Listener
from registry import Function
from sandbox import Packages, Sandbox
from sandbox.packages import Layers


def open_proof(settings: Settings, listener: Listener, *, spares: int) -> tuple[Sandboxes, Shelf]:
    """Where functions are proven, and what they need there; nothing of it is started or installed yet."""
    shelf = open_shelf(settings, progress_to(listener), lambda: sandboxes.one(sandboxes.names[0]))
    sandboxes = open_sandboxes(settings, progress_to(listener), shelf.of, spares=spares)
    return sandboxes, shelf


def open_sandboxes(
    settings: Settings,
    on_progress: Callable[[str], None],
    packages_of: Callable[[Function], Packages | None],
    *,
    spares: int = 1,
) -> Sandboxes:
    """The sandboxes of the settings, none of them opened yet."""
    return Sandboxes(
        named(settings.sandbox),
        lambda name: open_sandbox(settings, name, on_progress, spares=spares),
        on_progress,
        packages_of,
    )


def open_layers(settings: Settings, on_progress: Callable[[str], None]) -> Layers:
    """The folder of installed packages."""
    wanted = settings.requirements
    size = int(wanted.max_gib * (1 << 30))
    return Layers(settings.cache / "layers", wanted.as_resolver(), max_bytes=size, on_progress=on_progress)


def open_shelf(settings: Settings, on_progress: Callable[[str], None], proof: Callable[[], Sandbox]) -> Shelf:
    """What locks and installs the packages of functions, for the Python of that sandbox, which is asked when needed."""
    return Shelf(
        layers=open_layers(settings, on_progress),
        resolver=settings.requirements.as_resolver(),
        python=lambda: proof().environment()["python"],
        allowed=settings.requirements.as_allowed(),
    )


def open_sandbox(settings: Settings, name: str, on_progress: Callable[[str], None], *, spares: int = 1) -> Sandbox:
    """One sandbox. Raises `BadSettings` for a name that is none, `SandboxUnavailable` for wrong settings of it."""
    section = {"cache": settings.cache, **settings.backends.get(name, {})}
    if name == "wasm":
        section.setdefault("spares", spares)
    sandbox: Sandbox = load("sandbox.backends", name).open(section, on_progress)
    return sandbox


def progress_to(listener: Listener) -> Callable[[str], None]:
    """A listener for plain lines, as events."""
    return lambda line: listener(Event(action="progress", facts={"line": line}))
