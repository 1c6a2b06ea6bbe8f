"""One file a back end; each offers its `BACKEND`."""
