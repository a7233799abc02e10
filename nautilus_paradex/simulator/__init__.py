"""A local Paradex: matching engine, REST and WebSocket server, synthetic market, fault scripts."""
