"""What of the node's own settings the execution client should know (rule E17)."""

from typing import Any

from nautilus_trader.common.component import MessageBus


_SHUTDOWN_TOPIC = "commands.system.shutdown"


def inflight_warning(msgbus: MessageBus) -> str | None:
    """
    Return a warning if the node may reject orders in flight although the venue holds them.

    The framework's in-flight check counts questions that nobody could answer, and after the last
    one takes a submitted order for rejected and a pending cancel for done. A client is not told the
    engine's settings, so the kernel is asked: it listens for shutdown commands on the message bus.
    """
    engine = _exec_engine(msgbus)
    interval_ms = getattr(engine, "inflight_check_interval_ms", 0)
    if not interval_ms:
        return None
    threshold_ms = engine.inflight_check_threshold_ms
    retries = engine.inflight_check_max_retries
    seconds = (threshold_ms + retries * max(threshold_ms, interval_ms)) / 1_000
    return (
        f"the node's in-flight check gives an order up after about {seconds:.0f} s without an "
        "answer: an outage of that length makes false rejections and cancellations; set "
        "LiveExecEngineConfig(inflight_check_interval_ms=0), the adapter resolves commands in "
        "flight itself"
    )


def _exec_engine(msgbus: MessageBus) -> Any:
    for subscription in msgbus.subscriptions(_SHUTDOWN_TOPIC):
        kernel = getattr(subscription.handler, "__self__", None)
        engine = getattr(kernel, "exec_engine", None)
        if engine is not None:
            return engine
    return None
