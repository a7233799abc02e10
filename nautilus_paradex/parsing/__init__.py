"""From protocol values to NautilusTrader objects; no I/O."""
