"""Which model server answers a request, at what cost, and what is done where it does not."""
