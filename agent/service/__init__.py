"""What the service offers to programs, whichever way they come: payloads, callers with their scopes, and the verbs."""
