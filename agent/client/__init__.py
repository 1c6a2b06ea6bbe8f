"""Kowal's service from afar: `Client`, with the same verbs and the same errors as here."""

from agent.client.client import Client
from agent.client.handle import RemoteTask

__all__ = ["Client", "RemoteTask"]
