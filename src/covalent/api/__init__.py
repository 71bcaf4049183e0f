"""The HTTP API: REST, server-sent events, and the pages. ``serve`` runs it."""
