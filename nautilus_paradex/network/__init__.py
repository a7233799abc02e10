"""The only ring that awaits: HTTP, authentication, WebSocket connections and their supervisor."""
