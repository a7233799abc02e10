"""Subscriptions that are told without being sorted at every question."""

from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.data import membership


IDS = [InstrumentId.from_str(f"M{number:02}.PARADEX") for number in range(20)]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(IDS)), max_size=60))
def test_the_list_is_what_the_framework_would_tell(steps):
    held: list[InstrumentId] = []
    model = set()
    for comes, instrument_id in steps:
        (membership._add if comes else membership._discard)(held, instrument_id)
        (model.add if comes else model.discard)(instrument_id)
        assert held == sorted(model)
    # The engine takes nothing but a list.
    assert type(held) is list


def test_every_kind_that_the_engine_looks_up_is_kept_and_told():
    client = membership.QuickMembershipClient.__new__(membership.QuickMembershipClient)
    for name in ("mark_price", "index_price", "funding_rate", "greek", "status"):
        setattr(client, f"_{name}_ids", [])
    kinds = ["mark_prices", "index_prices", "funding_rates", "option_greeks", "instrument_status"]
    for number, kind in enumerate(kinds):
        getattr(client, f"_add_subscription_{kind}")(IDS[number])
    for number, kind in enumerate(kinds):
        assert getattr(client, f"subscribed_{kind}")() == [IDS[number]]
        getattr(client, f"_remove_subscription_{kind}")(IDS[number])
        assert getattr(client, f"subscribed_{kind}")() == []
