"""Code hosts, one file each; `agent.loader` finds them."""
