"""The wire of Paradex, pure: no event loop, no I/O, no clock, no framework."""
