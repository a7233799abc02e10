"""
The account among those that belong together: main account, sub-accounts, isolated accounts.

Each trades by an address of its own and sees nothing of the others (trap 49): one that trades in
the same node needs a client of its own (rule E19).
"""

from typing import Protocol

from nautilus_paradex.network.log import Log
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.messages import AccountInfo
from nautilus_paradex.protocol.signing import normalize_address


class FamilyReader(Protocol):
    """The REST call that names the accounts."""

    async def account_info(self) -> list[AccountInfo]:
        """Return the account, and the accounts that belong to it."""


class AccountFamily:
    """
    Says once what kind of account this is, and which of its family it does not see.

    Parameters
    ----------
    rest : FamilyReader
        Names the accounts.
    log : Log
        The room's log.

    """

    def __init__(self, rest: FamilyReader, log: Log) -> None:
        self._rest = rest
        self._log = log
        self._introduced = False

    async def introduce(self, account: str) -> None:
        """
        Log what a user has to know of the account; the first time only.

        Parameters
        ----------
        account : str
            The account's address.

        """
        if self._introduced:
            return
        try:
            rows = await self._rest.account_info()
        except ParadexError as e:
            # Nothing depends on it, and whatever does will ask the venue again.
            self._log.warning(f"What kind of account this is cannot be read: {e}")
            return
        self._introduced = True
        address = _canonical(account)
        for row in rows:
            if _canonical(row.account) == address:
                self._say_what_it_is(row)
            elif row.isolated_market:
                self._log.warning(
                    f"Account {row.account[:10]} holds isolated margin in {row.isolated_market}: "
                    "its orders, fills and positions are not seen by this client; give it a "
                    "client of its own"
                )

    def _say_what_it_is(self, row: AccountInfo) -> None:
        if row.isolated_market:
            self._log.warning(
                f"This is an isolated account: the venue takes its orders in {row.isolated_market} "
                "only"
            )
        elif row.parent_account:
            self._log.info(f"This is a sub-account of {row.parent_account[:10]} ({row.kind})")


def _canonical(address: str) -> str:
    try:
        return normalize_address(address)
    except EncodeError:
        return address
