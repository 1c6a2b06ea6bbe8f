"""Kowal at a code host: issues that are assigned to it, and a registry whose candidates are merge requests."""
