"""Reads and rewrites Python source as text and syntax tree; nothing here is ever run."""
