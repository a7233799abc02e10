"""``python -m nautilus_paradex.cli``."""

from nautilus_paradex.cli.app import main


main()
