"""What all endpoints share: the scopes, list answers and pages."""

from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Hashable
from typing import Final
from urllib.parse import quote

from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http import Query
from nautilus_paradex.network.http import Tokens
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.messages import Body
from nautilus_paradex.protocol.messages import Page
from nautilus_paradex.protocol.messages import encode


#: A history that needs more pages is no answer to any question of ours.
MAX_PAGES: Final = 1_000

#: Rows in all; a server that sends more in a page than it was asked for meets this bound.
MAX_ROWS: Final = 1_000_000

#: Rows a page; every paged endpoint takes at least this many (OpenAPI ``page_size``).
PAGE_SIZE: Final = 1_000


class RestCore:
    """Sends for the endpoint classes; see `ParadexRest`."""

    def __init__(
        self,
        http: ParadexHttpClient,
        tokens: Tokens | None = None,
        *,
        interactive: bool = False,
    ) -> None:
        self._http = http
        self._tokens = tokens
        self.interactive = interactive

    @property
    def clock_offset_ms(self) -> int:
        """What must be added to our clock to get the venue's; 0 before the warm-up."""
        return self._http.clock_offset_ms

    @property
    def venue_ms(self) -> int:
        """The venue's clock, UNIX milliseconds: time ranges and signatures are in its time."""
        return self._http.timing.time_ms() + self._http.clock_offset_ms

    async def _get_public[T](self, path: str, kind: type[T], query: Query | None = None) -> T:
        return await self._http.request(
            "GET", path, kind, scope=Scope.PUBLIC, idempotent=True, query=query
        )

    async def _get[T](self, path: str, kind: type[T], query: Query | None = None) -> T:
        return await self._http.request(
            "GET",
            path,
            kind,
            scope=Scope.PRIVATE,
            idempotent=True,
            query=query,
            tokens=self._required_tokens(),
        )

    async def _post_setting[T](self, path: str, kind: type[T], request: Body) -> T:
        # A setting, not an order: repeating it leaves what it would have left.
        return await self._http.request(
            "POST",
            path,
            kind,
            scope=Scope.PRIVATE,
            idempotent=True,
            body=encode(request),
            tokens=self._required_tokens(),
        )

    async def _pages[T](
        self,
        path: str,
        kind: type[Page[T]],
        query: Query,
        *,
        key: Callable[[T], Hashable],
        limit: int | None = None,
        public: bool = False,
        page_size: int = PAGE_SIZE,
    ) -> AsyncIterator[T]:
        """
        Yield the first `limit` rows, or those of all pages, each once, in the venue's order.

        Pages are asked for as they are needed.

        Raises
        ------
        WireError
            If the pages do not end: a part of a history must not pass for the whole.

        """
        if limit is not None and limit < 1:
            raise EncodeError(f"{limit} rows of {path} cannot be asked for")
        ask = self._get_public if public else self._get
        size = page_size if limit is None else min(page_size, limit)
        cursors: set[str] = set()
        seen: set[Hashable] = set()
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            # A cursor is bound to its query: everything else stays as it was (trap 18).
            page = await ask(path, kind, {**query, "page_size": size, "cursor": cursor})
            for row in page.results:
                name = key(row)
                if name in seen:
                    continue
                if len(seen) == MAX_ROWS:
                    raise WireError(f"the pages of {path} hold more than {MAX_ROWS} rows")
                seen.add(name)
                yield row
                if len(seen) == limit:
                    return
            cursor = page.next_cursor
            if cursor is None:
                return
            if cursor in cursors:
                raise WireError(f"the pages of {path} do not end: a cursor came back")
            cursors.add(cursor)
        raise WireError(f"the pages of {path} do not end after {MAX_PAGES}")

    def _required_tokens(self) -> Tokens:
        if self._tokens is None:
            raise AuthenticationError(
                "this endpoint is private: set account_address with private_key or read_only_token"
            )
        return self._tokens


def segment(value: str, name: str) -> str:
    """
    Return a value as one segment of a path.

    Raises
    ------
    EncodeError
        If it cannot be one. Without its last segment a path names all orders, not one.

    """
    if value in ("", ".", ".."):
        raise EncodeError(f"{name} {value!r} cannot stand in a path")
    return quote(value, safe="")


def filter_value(value: str | None, name: str) -> str | None:
    """
    Return a filter that is None or a value.

    Raises
    ------
    EncodeError
        If it is empty: the venue would take that for no filter at all.

    """
    if value is not None and not value:
        raise EncodeError(f"{name} must not be empty; None is every one")
    return value


def time_range(start_ms: int | None, end_ms: int | None) -> dict[str, int | None]:
    """Return the filters of a time range, UNIX milliseconds."""
    return {"start_at": start_ms, "end_at": end_ms}
