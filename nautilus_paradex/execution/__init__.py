"""The execution client's room."""

from nautilus_paradex.execution.client import ParadexExecutionClient


__all__ = ["ParadexExecutionClient"]
