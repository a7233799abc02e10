"""The data client's room."""

from nautilus_paradex.data.client import ParadexDataClient


__all__ = ["ParadexDataClient"]
