"""A row of each kind of file as it may be written."""

from typing import Final

from tenants.imports.options import Kind

EXAMPLES: Final[dict[Kind, dict[str, str]]] = {
    "members": {
        "external_id": "M0001",
        "phone": "13800138000",
        "card_no": "80001234",
        "name": "林悦",
        "birthday": "1990-05-01",
        "gender": "female",
        "joined_on": "2024-03-15",
        "tags": "VIP",
    },
    "purchases": {
        "external_id": "T20260105-001",
        "member": "13800138000",
        "occurred_at": "2026-01-05 08:30",
        "amount": "128.00",
    },
    "activities": {
        "external_id": "A20260105-001",
        "member": "13800138000",
        "kind": "check_in",
        "occurred_at": "2026-01-05 08:30",
        "value": "1",
    },
    "opening_balances": {
        "member": "13800138000",
        "points": "1200",
        "wallet_principal": "300.00",
        "wallet_bonus": "30.00",
    },
}
