"""The HTTP API: REST, server-sent events and, later, the pages. ``serve`` runs it."""
