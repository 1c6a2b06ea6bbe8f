"""The service as an MCP server: the same tools, functions and resources over stdio and over HTTP."""
