"""What each operation is called in the client: by its path and method, and by the table where that reads badly."""

import keyword
import re
from typing import Final

NAMES: Final = {
    "POST /v1/signup": "signup.create",
    "GET /problems": "problem_types.list",
    "GET /problems/{code}": "problem_types.get",
    "POST /v1/members/{member_id}/cards": "members.add_card",
    "POST /v1/members/{member_id}/wallet-codes": "members.create_wallet_code",
    "POST /v1/members/{member_id}/wallet-codes/sms": "members.send_wallet_code",
    "PUT /v1/programme/draft": "programme.save_draft",
    "POST /v1/programme/draft/publish": "programme.publish",
    "POST /v1/programme/draft/simulate": "programme.simulate",
    "DELETE /v1/programme/pending": "programme.cancel_pending",
    "GET /v1/programme/versions/{version}": "programme.version",
    "POST /v1/programme/versions/{version}/rollback": "programme.roll_back",
    "GET /v1/programme/versions/{version}/diff": "programme.version_diff",
    "GET /v1/programme/versions/draft/diff": "programme.draft_diff",
    "GET /v1/programme/simulations/{job_id}/members.csv": "programme.simulated_members_csv",
    "DELETE /v1/programme/simulations/{job_id}": "programme.stop_simulation",
    "POST /v1/purchases/{purchase_id}/refunds": "purchases.refund",
    "POST /v1/wallet/top-ups": "wallet.top_up",
    "GET /v1/wallet/top-ups/{top_up_id}": "wallet.get_top_up",
    "POST /v1/wallet/top-ups/{top_up_id}/undo": "wallet.undo_top_up",
    "POST /v1/wallet/refunds": "wallet.refund",
    "POST /v1/members/{member_id}/allowances/{product}/use": "members.use_allowance",
    "POST /v1/members/{member_id}/allowances/{product}/uses/{use_id}/undo": "members.undo_allowance_use",
    "GET /v1/coupons/grants/{reference}": "coupons.get_grant",
    "POST /v1/coupons/grants/{reference}/void": "coupons.void_grant",
    "GET /v1/rewards/claims": "rewards.waiting_claims",
    "POST /v1/rewards/{reward_id}/stock": "rewards.change_stock",
    "POST /v1/rewards/claims/{claim_id}/collect": "rewards.collect_claim",
    "POST /v1/rewards/claims/{claim_id}/cancel": "rewards.cancel_claim",
    "POST /v1/members/{member_id}/card-link": "members.card_link",
    "DELETE /v1/members/{member_id}/card-link": "members.end_card_link",
    "PUT /v1/members/{member_id}/pin": "members.set_pin",
    "PUT /v1/members/{member_id}/tier": "members.set_tier",
    "DELETE /v1/members/{member_id}/tier": "members.unlock_tier",
    "POST /v1/programme/recalculate": "programme.recalculate",
    "POST /v1/proof": "proof.start",
    "POST /v1/sandbox/clock": "sandbox.move_clock",
    "PUT /v1/billing/payer": "billing.set_payer",
    "POST /v1/billing/portal": "billing.open_portal",
    "POST /v1/tasks/rules": "tasks.create_rule",
    "GET /v1/tasks/rules/{rule_id}": "tasks.get_rule",
    "PATCH /v1/tasks/rules/{rule_id}": "tasks.update_rule",
    "DELETE /v1/tasks/rules/{rule_id}": "tasks.end_rule",
    "POST /v1/staff/{staff_id}/invite": "staff.invite_again",
    "DELETE /v1/api-keys/{key_id}": "api_keys.revoke",
    "GET /v1/audit-log": "audit_log.list",
    "GET /v1/messages": "messages.list",
    "GET /v1/tills": "tills.list",
    "GET /v1/join-codes": "join_codes.list",
    "GET /v1/event-types": "event_types.list",
    "GET /v1/webhooks/deliveries": "webhooks.all_deliveries",
    "GET /v1/webhooks/deliveries/{delivery_id}": "webhooks.get_delivery",
    "POST /v1/webhooks/deliveries/{delivery_id}/retry": "webhooks.retry_delivery",
}
"""Written down, since a name that is out can't change."""

_WHOLE: Final = {"GET": "get", "POST": "create", "PATCH": "update", "PUT": "replace", "DELETE": "delete"}
_PART: Final = {"GET": "{}", "POST": "{}", "PATCH": "update_{}", "PUT": "set_{}", "DELETE": "delete_{}"}


def named(method: str, path: str, *, several: bool) -> tuple[str, str]:
    """The resource and the call's name in it: `members`, `merge`. `several`: the path is that of a collection."""
    if chosen := NAMES.get(f"{method} {path}"):
        resource, _, name = chosen.partition(".")
        return resource, name
    noun, _, batch = path.removeprefix("/v1/").partition(":")
    first, *rest = noun.split("/")
    if batch:
        return _word(first), f"create_{_word(batch)}"
    words = [_word(each) for each in rest if not each.startswith("{")]
    if not words:
        stem, dot, ending = first.partition(".")
        name = _word(ending) if dot else "list" if several and method == "GET" else _WHOLE[method]
        return _word(stem), name
    stem = "_".join(words)
    if rest[-1].startswith("{"):
        return _word(first), f"{_WHOLE[method]}_{_one(stem)}"
    return _word(first), _PART[method].format(stem)


def _one(words: str) -> str:
    return f"{words[:-3]}y" if words.endswith("ies") else words.removesuffix("s")


def _word(text: str) -> str:
    word = re.sub(r"\W+", "_", text)
    return f"{word}_" if keyword.iskeyword(word) else word


def camel(text: str) -> str:
    """`price-lists` as a class is called: `PriceLists`; what is written so already stays."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^0-9A-Za-z]+", text) if word)
