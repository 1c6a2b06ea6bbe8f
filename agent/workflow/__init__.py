"""Tasks that survive: kept on a queue, worked off in steps, waiting for people without holding anybody up."""
