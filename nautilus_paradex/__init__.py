"""Paradex for NautilusTrader."""
