"""The gate: one file a check. `agent.validator` says in which order they run."""
