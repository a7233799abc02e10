"""Which socket carries which channel (PROTOCOL 7.6, traps 7, 9, 14)."""

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.placement import Placement
from nautilus_paradex.protocol.placement import slot_of


BTC = "BTC-USD-PERP"
ETH = "ETH-USD-PERP"


def test_channels_of_different_slots_share_the_first_socket():
    placement = Placement()
    wanted = [
        channels.markets(),
        channels.bbo(BTC),
        channels.trades(BTC),
        channels.book_deltas(BTC),
        channels.book_deltas(ETH),
        channels.markets_summary(markets=[BTC]),
    ]
    assert {placement.place(channel) for channel in wanted} == {0}
    assert placement.sockets == [0]
    assert placement.on_socket(0) == wanted


def test_two_books_of_one_market_go_on_two_sockets():
    placement = Placement()
    deltas, depth = channels.book_deltas(BTC), channels.book_snapshot(BTC)
    assert (placement.place(deltas), placement.place(depth)) == (0, 1)
    assert placement.place(channels.book_snapshot(ETH)) == 0
    assert placement.carrying(0, ("book", BTC)) == deltas
    assert placement.carrying(1, ("book", BTC)) == depth
    assert placement.carrying(1, ("book", ETH)) is None
    assert placement.carrying(7, ("book", BTC)) is None


def test_feeds_with_rpi_liquidity_never_share_a_socket_with_those_without():
    placement = Placement()
    assert placement.place(channels.bbo(BTC, interactive=True)) == 1
    assert placement.place(channels.book_deltas(ETH, interactive=True)) == 1
    assert placement.place(channels.bbo(BTC)) == 0
    assert placement.place(channels.book_deltas(BTC, interactive=True)) == 1
    assert placement.place(channels.book_snapshot(BTC, interactive=True)) == 2


def test_chains_of_two_base_assets_have_one_name_and_two_sockets():
    placement = Placement()
    btc, eth = channels.bbo(base_asset="BTC"), channels.bbo(base_asset="ETH")
    assert (placement.place(btc), placement.place(eth)) == (0, 1)
    assert placement.find(btc) == 0
    assert placement.find(eth) == 1


def test_a_channel_is_placed_once_and_a_scope_may_change():
    placement = Placement()
    assert placement.place(channels.markets_summary(markets=[])) == 0
    assert placement.place(channels.markets_summary(markets=[BTC])) == 0
    assert len(placement.on_socket(0)) == 1


def test_trap_9_an_empty_socket_is_given_up_but_the_first():
    placement = Placement()
    deltas, depth = channels.book_deltas(BTC), channels.book_snapshot(BTC)
    placement.place(deltas)
    placement.place(depth)
    assert placement.release(depth) == 1
    assert placement.sockets == [0]
    assert placement.release(depth) is None
    assert placement.release(deltas) is None
    assert placement.sockets == [0]
    assert placement.on_socket(1) == []


def test_a_full_socket_takes_no_more():
    placement = Placement(capacity=2)
    numbers = [placement.place(channels.bbo(f"M{number}")) for number in range(5)]
    assert numbers == [0, 0, 1, 1, 2]


MAKERS = [
    channels.bbo,
    channels.trades,
    channels.book_deltas,
    channels.book_snapshot,
    lambda market: channels.bbo(market, interactive=True),
    lambda market: channels.book_deltas(market, interactive=True),
    lambda market: channels.book_snapshot(market, interactive=True),
]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(MAKERS), st.sampled_from(["A", "B", "C"])),
        max_size=60,
    )
)
def test_whatever_comes_and_goes_a_frame_names_its_channel_and_no_socket_is_empty(steps):
    placement = Placement(capacity=4)
    wanted = set()
    for comes, make, market in steps:
        channel = make(market)
        if comes:
            placement.place(channel)
            wanted.add(channel)
        else:
            placement.release(channel)
            wanted.discard(channel)
        placed = [held for number in placement.sockets for held in placement.on_socket(number)]
        assert sorted(held.name for held in placed) == sorted(held.name for held in wanted)
        for number in placement.sockets:
            carried = placement.on_socket(number)
            assert carried or number == 0
            assert len(carried) <= 4
            assert len({slot_of(held) for held in carried}) == len(carried)
            assert len({held.interactive for held in carried}) <= 1
