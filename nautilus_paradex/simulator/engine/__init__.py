"""The exchange core of the local Paradex: synchronous, deterministic, without I/O or clock."""
