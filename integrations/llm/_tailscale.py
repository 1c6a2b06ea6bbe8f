"""Looks for Ollama servers among the machines of a tailnet, as `tailscale status --json` tells of them."""

import fnmatch
import ipaddress
import re
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence

from pydantic import BaseModel, Field, ValidationError

from agent.ports import LLMProvider, ProviderStatus

LOOK_AGAIN_S = 60.0
COMMAND_S = 5.0
PREFIX = "ollama:tailscale"


class Peer(BaseModel):
    """A machine, of what the command tells of it."""

    host_name: str = Field(default="", alias="HostName")
    dns_name: str = Field(default="", alias="DNSName")
    addresses: tuple[str, ...] | None = Field(default=(), alias="TailscaleIPs")
    tags: tuple[str, ...] | None = Field(default=(), alias="Tags")
    online: bool = Field(default=False, alias="Online")

    @property
    def names(self) -> tuple[str, ...]:
        """All that it is called: its whole name in the tailnet, that name's beginning, and its own."""
        whole = self.dns_name.rstrip(".").lower()
        return tuple(name for name in (whole.split(".")[0], whole, self.host_name.lower()) if name)

    @property
    def address(self) -> str:
        """Where it is, as part of a URL; empty where nothing can be used."""
        for text in self.addresses or ():
            try:
                address = ipaddress.ip_address(text)
            except ValueError:
                continue
            return f"[{address}]" if address.version == 6 else str(address)
        whole = self.dns_name.rstrip(".")
        return whole if re.fullmatch(r"[\w.-]+", whole) else ""


class Told(BaseModel):
    """What the command says, of what is used here."""

    state: str = Field(default="", alias="BackendState")
    peers: dict[str, object] | None = Field(default=None, alias="Peer")


class NoLook(Exception):
    """The command could not be asked, or what it said cannot be read."""


class Tailscale:
    """The machines that are online, as servers. Safe to use from several threads."""

    name = PREFIX

    def __init__(
        self,
        command: Sequence[str],
        wanted: Callable[[Peer], bool],
        opened: Callable[[str, str], LLMProvider],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wanted` chooses machines; `opened` makes the server of a name and an address."""
        self._command = tuple(command)
        self._wanted = wanted
        self._opened = opened
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        self._known: dict[tuple[str, str], LLMProvider] = {}
        self._online: tuple[LLMProvider, ...] = ()
        self._detail = ""
        self._trouble = False

    def found(self) -> tuple[LLMProvider, ...]:
        """Those that are online, looked for at most once a minute, in at most five seconds. Never raises."""
        with self._lock:
            if self._looked_at is None or self._clock() - self._looked_at >= LOOK_AGAIN_S:
                self._look()
                self._looked_at = self._clock()
            return self._online

    def status(self) -> ProviderStatus:
        """What the latest look found, or why it could not look. Never raises."""
        names = tuple(each.server.name for each in self.found())
        advice = f"`{' '.join(self._command)}` has to work for the user who runs Kowal." if self._trouble else ""
        return ProviderStatus(available=not self._trouble, detail=self._detail, models=names, advice=advice)

    def _look(self) -> None:
        try:
            peers = [peer for peer in self._peers() if self._wanted(peer) and peer.address]
        except NoLook as error:
            self._detail, self._trouble, self._online = str(error), True, ()
            return
        online = [(name, peer.address) for name, peer in told_apart(peers) if peer.online]
        for each in online:
            if each not in self._known:
                self._known[each] = self._opened(*each)
        self._online = tuple(self._known[each] for each in online)
        self._detail, self._trouble = f"{len(peers)} machines fit, {len(online)} of them online", False

    def _peers(self) -> Iterator[Peer]:
        """What the command tells of others' machines; entries that are none are passed over."""
        told = self._told()
        if told.state != "Running":
            raise NoLook(f"tailscale does not run (its state is {told.state[:40] or 'unknown'!r})")
        for entry in (told.peers or {}).values():
            try:
                yield Peer.model_validate(entry)
            except ValidationError:
                continue

    def _told(self) -> Told:
        try:
            ran = subprocess.run(
                self._command, capture_output=True, timeout=COMMAND_S, check=True, stdin=subprocess.DEVNULL
            )
        except FileNotFoundError:
            raise NoLook(f"there is no command {self._command[0]!r}") from None
        except subprocess.CalledProcessError as error:
            said = " ".join(error.stderr.decode(errors="replace").split())[:200]
            raise NoLook(f"{self._command[0]!r} failed with code {error.returncode}: {said}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoLook(f"{self._command[0]!r} could not be asked ({type(error).__name__})") from None
        try:
            return Told.model_validate_json(ran.stdout)
        except ValidationError:
            raise NoLook(f"{self._command[0]!r} said what is not its JSON") from None


def chosen(tag: str, hosts: Sequence[str], listed: Collection[str]) -> Callable[[Peer], bool]:
    """What takes the machines with the tag, or with a name like one of `hosts`; not those at `listed` host names."""

    def wanted(peer: Peer) -> bool:
        if {*peer.names, *(peer.addresses or ())} & set(listed):
            return False
        named = any(fnmatch.fnmatchcase(name, pattern.lower()) for name in peer.names for pattern in hosts)
        return named or bool(tag and tag in (peer.tags or ()))

    return wanted


def told_apart(peers: Sequence[Peer]) -> Iterator[tuple[str, Peer]]:
    """The machines with a name for each: the beginning of its name in the tailnet, or all of it where that is taken."""
    taken = set[str]()
    for peer in peers:
        names = [re.sub(r"[^\w.-]", "-", name) for name in (*peer.names, peer.address.strip("[]"))]
        name = next((each for each in names if each not in taken), "")
        if name:
            taken.add(name)
            yield name, peer
