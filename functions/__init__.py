"""The built-in functions: one folder a function, read as text and run in a sandbox, never imported."""
