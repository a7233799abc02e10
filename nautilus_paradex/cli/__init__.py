"""The ``paradex-nt`` command."""
