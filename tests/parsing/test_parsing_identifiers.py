"""Texts of the wire that the framework cannot hold: some would end the whole process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.core.nautilus_pyo3 import Currency as PyO3Currency
from nautilus_trader.model.enums import CurrencyType
from nautilus_trader.model.objects import Currency

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.parsing import identifiers
from nautilus_paradex.parsing.currencies import currency_of
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import UnmodelledValue


FOREIGN = ["é", "注文-1", "a\x00b", "line\nbreak", " ", "\t", "x" * 129]


@pytest.mark.parametrize("text", ["O-20260921-1", "a b", "x" * 64, "{}/#'\""])
def test_a_client_id_stays_as_it_is(text: str) -> None:
    client_order_id = identifiers.client_order_id_of(text)
    assert client_order_id is not None
    assert client_order_id.value == text


@pytest.mark.parametrize("text", ["", *FOREIGN])
def test_a_client_id_that_cannot_be_ours_is_none(text: str) -> None:
    assert identifiers.client_order_id_of(text) is None


@pytest.mark.parametrize("text", ["", *FOREIGN])
def test_an_order_id_that_is_none_fails_loudly(text: str) -> None:
    with pytest.raises(UnmodelledValue) as caught:
        identifiers.venue_order_id_of(text)
    assert caught.value.field == "order_id"


@pytest.mark.parametrize("text", ["", "x" * 37, *FOREIGN])
def test_a_fill_id_that_is_none_fails_loudly(text: str) -> None:
    with pytest.raises(UnmodelledValue):
        identifiers.fill_id_of(text)


def test_the_venues_ids_pass() -> None:
    assert identifiers.venue_order_id_of("1790000000123201709233240000").value.startswith("179")
    assert identifiers.fill_id_of("1790000000200201709233240002").value.endswith("0002")


@given(st.text(max_size=140))
def test_every_text_is_held_whole_or_not_at_all(text: str) -> None:
    known_as = identifiers.client_order_id_of(text)
    assert known_as is None or known_as.value == text


def test_an_instrument_is_named_by_the_venues_symbol() -> None:
    instrument_id = identifiers.instrument_id_of("kPEPE-USD-PERP")
    assert str(instrument_id) == "kPEPE-USD-PERP.PARADEX"
    assert instrument_id.venue == PARADEX_VENUE


@pytest.mark.parametrize("symbol", ["", "BTC-*-PERP", "BTC?", "BTC USD", *FOREIGN])
def test_a_symbol_that_is_no_name_is_refused(symbol: str) -> None:
    with pytest.raises(DecodeError, match="symbol"):
        identifiers.instrument_id_of(symbol)


# -- CURRENCIES ------------------------------------------------------------------------------------


def test_an_unknown_coin_is_registered_in_both_maps_of_the_framework() -> None:
    currency = currency_of("kPEPE")
    assert (currency.precision, currency.currency_type) == (8, CurrencyType.CRYPTO)
    assert Currency.from_internal_map("kPEPE") == currency
    assert PyO3Currency.from_str("kPEPE").precision == 8
    assert currency_of("kPEPE") == currency


def test_the_frameworks_own_currencies_stay_what_they_are() -> None:
    assert currency_of("EUR").currency_type == CurrencyType.FIAT
    assert currency_of("USDC").precision == 8


@pytest.mark.parametrize("code", ["", " ", "A B", "é", "x" * 33])
def test_what_is_no_currency_code_is_refused(code: str) -> None:
    with pytest.raises(DecodeError, match="currency code"):
        currency_of(code)
