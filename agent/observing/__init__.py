"""Views of the one stream of events: the log, and spans and metrics."""
