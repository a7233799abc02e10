"""The servers of the local Paradex: REST and WebSocket around the engine."""
