"""Books that are wrong: crossed, numbered wrongly."""

import msgspec

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model


def wrong_book(book: model.BookSnapshot, fault: faults.BookFault | None) -> model.BookSnapshot:
    """Return a whole book as a fault has it."""
    match fault:
        case faults.SequenceJump():
            return msgspec.structs.replace(book, seq_no=book.seq_no + fault.by)
        case faults.CrossedBook() if book.bids and book.asks:
            return msgspec.structs.replace(book, bids=(_above(book.asks[0]), *book.bids))
    return book


def wrong_changes(change: model.BookChanges, fault: faults.BookFault | None) -> model.BookChanges:
    """Return a book's changes as a fault has them."""
    match fault:
        case faults.SequenceJump():
            return msgspec.structs.replace(change, seq_no=change.seq_no + fault.by)
        case faults.CrossedBook() if change.best_ask_api and change.best_ask_interactive:
            api, interactive = _above(change.best_ask_api), _above(change.best_ask_interactive)
            return msgspec.structs.replace(
                change,
                bids=(api, *change.bids),
                inserted=change.inserted | {(model.Side.BUY, api[0])},
                interactive_bids=(interactive, *change.interactive_bids),
                interactive_inserted=change.interactive_inserted
                | {(model.Side.BUY, interactive[0])},
            )
    return change


def _above(offer: model.Level) -> model.Level:
    """Return a bid at twice the price of an offer: on every market's grid, and crossed."""
    price, size = offer
    return price * 2, size
