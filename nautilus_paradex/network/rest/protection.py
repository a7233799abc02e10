"""The endpoints of market-maker protection (PROTOCOL 4.2)."""

from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.rest.core import RestCore
from nautilus_paradex.network.rest.core import filter_value
from nautilus_paradex.network.rest.core import segment
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.messages import AccountMmp
from nautilus_paradex.protocol.messages import MmpConfig
from nautilus_paradex.protocol.messages import MmpRequest
from nautilus_paradex.protocol.messages import MmpReset
from nautilus_paradex.protocol.messages import MmpResetRequest
from nautilus_paradex.protocol.messages import Page


class ProtectionEndpoints(RestCore):
    """Protection by base asset; errors as of `ParadexHttpClient.request`."""

    async def mmp(self, base_asset: str | None = None) -> AccountMmp:
        """Return the protection of a base asset, or of all; also where it is not enabled."""
        query = {"base_asset": filter_value(base_asset, "base_asset")}
        return await self._get("/account/mmp", AccountMmp, query)

    async def set_mmp(self, base_asset: str, request: MmpRequest) -> MmpConfig:
        """Replace the protection of a base asset; the answer is without its live state."""
        return await self._post_setting(_path(base_asset), MmpConfig, request)

    async def delete_mmp(self, base_asset: str) -> None:
        """Switch the protection of a base asset off; there need not be one."""
        await self._http.request(
            "DELETE",
            _path(base_asset),
            None,
            scope=Scope.PRIVATE,
            idempotent=True,
            tokens=self._required_tokens(),
        )

    async def reset_mmp(self, base_asset: str | None = None) -> list[MmpReset]:
        """
        Thaw a base asset, or all: orders with the MMP flag are taken again.

        In the first second of a freeze it is refused (MMP_MIN_FREEZE_NOT_ELAPSED). Such a refusal
        of a reset of all does not mean that none was reset.
        """
        request = MmpResetRequest(base_asset=filter_value(base_asset, "base_asset") or "")
        page = await self._post_setting("/account/mmp/reset", Page[MmpReset], request)
        return page.results


def _path(base_asset: str) -> str:
    # The path of that name thaws every base asset.
    if base_asset == "reset":
        raise EncodeError("base_asset 'reset' cannot stand in a path")
    return f"/account/mmp/{segment(base_asset, 'base_asset')}"
