"""What `kowal mcp` finds by its name: the server over standard input and output."""

from integrations.mcp.stdio import serve

__all__ = ["serve"]
