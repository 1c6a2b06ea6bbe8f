"""Talks: model providers, chats and code hosts, each behind a port of the agent."""
