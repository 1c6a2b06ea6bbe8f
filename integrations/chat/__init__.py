"""Chats, one file each; `agent.loader` finds them."""
