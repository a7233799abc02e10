"""Keys, tokens and signatures appear in nothing that a session leaves behind."""

from nautilus_trader.model.enums import OrderSide

from nautilus_paradex.protocol.signing import AccountSigner
from tests.acceptance.node import KEY
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until


async def test_a_session_logs_no_key_token_or_signature(monkeypatch):
    signatures = []

    def remembering(sign):
        def signed(self, *args, **kwargs):
            signature = sign(self, *args, **kwargs)
            signatures.append(signature)
            return signature

        return signed

    for name in ("sign_order", "sign_modify", "sign_auth"):
        monkeypatch.setattr(AccountSigner, name, remembering(getattr(AccountSigner, name)))
    async with trading_floor() as floor:
        link = floor.node.execution._link
        token = await link._tokens.token()
        order = floor.desk.limit(OrderSide.BUY, "0.1", "2400.00")
        await until(lambda: order.is_open)
        floor.desk.modify_order(order, price=floor.desk.instrument.make_price(2401))
        await until(lambda: order.price == floor.desk.instrument.make_price(2401))
        floor.node.execution._stream.reconnect("the test says so")
        await until(lambda: floor.node.execution.stream_status().epoch == 2)
        await floor.node.execution._stream.wait_healthy(5)
        reprs = [repr(thing) for thing in (link, link.settings, link.rest, link.signer)]
        text = "\n".join([floor.node.log(), *reprs, str(floor.node.execution.stream_status())])
    assert len(signatures) >= 3
    secrets = [KEY, KEY[2:], str(int(KEY, 16)), token, token.split(".")[1]]
    for signature in signatures:
        secrets += [signature, *signature.strip('[]"').split('","')]
    assert "Paradex order confirmed" in text
    for secret in secrets:
        assert secret not in text
