"""What ``/system/config`` and ``/system/volume-tiers`` say (PROTOCOL 1)."""

from typing import Any

from nautilus_paradex.simulator.server.channels import USDC_ADDRESS
from nautilus_paradex.simulator.server.config import SimulatorConfig


#: Class hashes of account contracts, from which clients compute addresses (PROTOCOL 2.2).
PROXY_HASH = "0x3530cc4759d78042f1b543bf797f5f3d647cde0388c33734cf91b7f7b9314a9"
ACCOUNT_HASH = "0x41cb0280ebadaa75f996d8d92c6f265f6d040bb3ba442e5f86a554f1765244e"


def system_config(config: SimulatorConfig) -> dict[str, Any]:
    """Return the body of ``/system/config``; addresses of contracts that nobody calls are 0x0."""
    return {
        "starknet_gateway_url": "",
        "starknet_fullnode_rpc_url": "http://127.0.0.1:1/rpc/v0_10",
        "starknet_fullnode_rpc_base_url": "http://127.0.0.1:1",
        "starknet_chain_id": config.chain_id,
        "block_explorer_url": "",
        "paraclear_address": "0x1",
        "paraclear_decimals": 8,
        "paraclear_account_proxy_hash": PROXY_HASH,
        "paraclear_account_hash": ACCOUNT_HASH,
        "paraclear_evm_account_hash": "0x0",
        "oracle_address": "0x0",
        "bridged_tokens": [
            {
                "name": "TEST USDC",
                "symbol": "USDC",
                "decimals": 6,
                "l1_token_address": "0x0",
                "l1_bridge_address": "0x0",
                "l2_token_address": USDC_ADDRESS,
                "l2_bridge_address": "0x0",
            }
        ],
        "l1_core_contract_address": "0x0",
        "l1_operator_address": "0x0",
        "l1_relayer_address": "0x0",
        "l2_relayer_address": "0x0",
        "l1_chain_id": config.l1_chain_id,
        "liquidation_fee": "0.2",
        "partial_liquidation_buffer": "0.2",
        "partial_liquidation_share_increment": "0.05",
        "universal_deployer_address": "0x0",
        "dime_staking_contract_address": "0x0",
        "assets_limit_per_account": 550,
        "environment": "local",
    }


def volume_tiers() -> list[dict[str, Any]]:
    """Return the rows of ``/system/volume-tiers``: one tier, everybody's."""
    return [
        {
            "tier_name": "VIP 0",
            "kind": "pro",
            "sort_order": 1,
            "min_volume": "0",
            "min_volume_duration": "14d",
            "nft_min_volume": "0",
            "fee_rates": {},
        }
    ]
