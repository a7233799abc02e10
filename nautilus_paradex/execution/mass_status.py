"""A mass status for a framework that has its orders and fills already."""

from nautilus_trader.execution.reports import ExecutionMassStatus


class AppliedMassStatus(ExecutionMassStatus):
    """
    A mass status whose orders and fills the framework has already applied.

    Beside position reports the framework replaces orders and fills by a cut-out of its own making.
    Here they are known to be whole and are in its cache, so its replacement is not taken.
    """

    def seal(self) -> None:
        """Keep orders and fills as they are from now on."""
        self.__dict__["_sealed"] = True

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("_order_reports", "_fill_reports") and self.__dict__.get("_sealed"):
            return
        super().__setattr__(name, value)
