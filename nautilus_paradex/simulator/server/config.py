"""What can be set on the local Paradex; the defaults are the venue's own values."""

from enum import StrEnum

import msgspec


class AnswerOrder(StrEnum):
    """Which comes first at the client: the answer to a command, or its first notification."""

    ANSWER_FIRST = "answer_first"
    NOTIFICATION_FIRST = "notification_first"
    RANDOM = "random"


class FillOrder(StrEnum):
    """Which comes first on the stream: a fill, or the order update that counts it."""

    ORDER_FIRST = "order_first"
    FILL_FIRST = "fill_first"
    RANDOM = "random"


class PrivateEncoding(StrEnum):
    """How the private channels that have a template speak on an SBE connection."""

    SBE = "sbe"
    JSON = "json"


class PlainConnections(StrEnum):
    """What a connection without SBE parameters may do (PROTOCOL 7.1 leaves it open)."""

    FULL = "full"
    """Everything, in JSON."""
    PRIVATE_ONLY = "private_only"
    """Subscriptions to public channels are refused."""
    REFUSED = "refused"
    """The upgrade is answered with HTTP 400."""


class BatchForm(StrEnum):
    """Which parameters ``order.create_batch`` takes; spec and SDK differ (trap 40)."""

    ANY = "any"
    NAMED = "named"
    """``{"orders": [...]}``."""
    BARE = "bare"
    """A bare array."""


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Requests per window (PROTOCOL 8.1); a pair is (requests, seconds)."""

    enforced: bool = True
    public: tuple[tuple[int, int], ...] = ((1500, 60),)
    """Public GET, per address."""
    auth: tuple[tuple[int, int], ...] = ((600, 60),)
    """Onboarding and authentication, per address."""
    orders: tuple[tuple[int, int], ...] = ((800, 1), (17_250, 60))
    """Commands, per account; REST and WebSocket share it; a batch is one."""
    private: tuple[tuple[int, int], ...] = ((120, 1), (600, 60))
    """Private GET, per account."""
    private_address: tuple[tuple[int, int], ...] = ((1500, 60),)
    """Private GET of all accounts, per address."""
    connects: tuple[tuple[int, int], ...] = ((20, 1), (600, 60))
    """WebSocket connections, per address."""
    interactive: tuple[tuple[int, int], ...] = ((3, 1), (30, 60), (300, 3600), (1000, 86_400))
    """Orders of a retail token, per account; beyond them an account counts as Pro."""


class SimulatorConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the local Paradex."""

    chain_id: str = "PRIVATE_SN_POTC_SEPOLIA"
    """The Starknet chain, as ``/system/config`` names it: part of every signed message."""
    l1_chain_id: str = "11155111"
    jwt_lifetime_s: float = 300.0
    max_clock_ahead_ms: int = 30_000
    """How far in the future a signature's timestamp may lie."""
    default_recv_window_ms: int = 300_000
    onboarding_usdc: str = "1000000"
    """The deposit that a newly onboarded account gets, as on testnet."""
    loopback_address_checks: bool = False
    """If CIDR allow-lists of tokens and subkeys are enforced against the peer's address."""

    latency_ms: float = 1.0
    """Between a command's acceptance and its execution by the engine."""
    answer_order: AnswerOrder = AnswerOrder.ANSWER_FIRST
    fill_order: FillOrder = FillOrder.ORDER_FIRST
    speed_bump_ms: float = 300.0
    """Further latency of a retail token's commands."""
    batch_max: int = 10
    batch_form: BatchForm = BatchForm.ANY
    ws_order_methods: frozenset[str] | None = None
    """The ``order.*`` methods that exist; None is all of them."""
    ws_linked_orders: bool = False
    """If WebSocket takes TAKE_PROFIT and STOP_LOSS kinds, which its document does not list."""
    batch_null_padding: bool = False
    """
    If both lists of a REST batch's answer keep the request's positions, with nulls between; the
    venue does not say (PROTOCOL 4.2).
    """

    twap_time_scale: float = 1.0
    """Stretches the time between the child orders of a TWAP; less than 1 hurries them."""
    twap_repeats_signature: bool = True
    """If a TWAP's child orders show its own signature timestamp; the venue does not say."""
    twap_count_delay_s: float = 0.0
    """After a child's end, until the TWAP counts it."""

    sbe_max_version: int | None = 2
    """The newest schema version served; None refuses every SBE connection."""
    private_encoding: PrivateEncoding = PrivateEncoding.SBE
    plain_connections: PlainConnections = PlainConnections.FULL

    ping_interval_s: float = 55.0
    pong_timeout_s: float = 5.0
    heartbeat_interval_s: float = 20.0
    """SBE heartbeat of an idle connection."""
    idle_close_s: float = 60.0
    """After which a connection without a subscription is closed with 4031."""
    queue_max: int = 2000
    """Unread frames after which a slow reader is dropped."""

    tick_ms: float = 20.0
    """How often it is looked what is due; nothing below is more often than this."""
    book_interval_ms: float = 100.0
    summary_interval_ms: float = 1000.0
    funding_interval_ms: float = 1000.0
    comparison_interval_ms: float = 1000.0

    page_size: int = 100
    page_size_max: int = 5000
    limits: RateLimits = RateLimits()
