"""What speaks for a candidate and against it: what was promised, what it does, and who of several has most of it."""
