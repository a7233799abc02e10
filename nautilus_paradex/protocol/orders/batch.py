"""
What became of each order of a batch (rule E8, PROTOCOL 4.2, 6.6).

REST answers with a list of orders and a list of errors, and how they align with the request is not
specified; WebSocket answers with one outcome for each order, in the order of the request. Orders
are known by their client ids. What neither answer proves is left out: its outcome is unknown.
"""

from collections.abc import Sequence

from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.events import OrderUpdate


type Outcome = OrderUpdate | VenueError


def match_batch(
    client_ids: Sequence[str],
    orders: Sequence[OrderUpdate | None],
    refusals: Sequence[VenueError | None],
) -> dict[str, Outcome]:
    """
    Return the outcome of each order of a batch that the answer proves.

    Parameters
    ----------
    client_ids : Sequence[str]
        Of the orders, in the order of the request.
    orders : Sequence[OrderUpdate or None]
        The orders that the venue took.
    refusals : Sequence[VenueError or None]
        What it said of others: one for each order of the request, None where it was taken, or
        only those of the orders that were not.

    Returns
    -------
    dict[str, OrderUpdate or VenueError]
        By client id; an order that is missing has an unknown outcome.

    """
    outcomes: dict[str, Outcome] = {
        order.client_id: order
        for order in orders
        if order is not None and order.client_id in client_ids
    }
    missing = [client_id for client_id in client_ids if client_id not in outcomes]
    refused = _by_position(client_ids, missing, refusals) or _by_count(missing, refusals)
    return outcomes | refused


def _by_position(
    client_ids: Sequence[str], missing: Sequence[str], refusals: Sequence[VenueError | None]
) -> dict[str, Outcome]:
    """Return the refusals by their places, if there is one place for each order."""
    if len(refusals) != len(client_ids):
        return {}
    refused: dict[str, Outcome] = {
        client_id: refusal
        for client_id, refusal in zip(client_ids, refusals, strict=True)
        if refusal is not None
    }
    return refused if refused.keys() <= set(missing) else {}


def _by_count(missing: Sequence[str], refusals: Sequence[VenueError | None]) -> dict[str, Outcome]:
    """Return the refusals of what is missing, if there is one for each, whichever it is."""
    given = [refusal for refusal in refusals if refusal is not None]
    if not missing or len(given) != len(missing):
        return {}
    if len({str(refusal) for refusal in given}) == 1:
        return dict.fromkeys(missing, given[0])
    # Each of them was refused, but which text belongs to which order is not said.
    both = VenueError(
        "one of: " + " | ".join(sorted(str(refusal) for refusal in given)),
        outcome_unknown=any(refusal.outcome_unknown for refusal in given),
    )
    return dict.fromkeys(missing, both)
