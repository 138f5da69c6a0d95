"""A chain that meets every operation of the contract at least once, so that each is seen to answer as it should.

`furnish` has made the chain; here its integrator goes on: members and tickets as tills send them, then everything that
can be read, then what changes or ends things.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from litestar import Litestar
from support.furnish import Furnished
from uuid_utils.compat import uuid7

from saas.contract.operations import Call, calls
from saas.sandboxed import Unsent, keep_unsent
from saas.scope import tenant_scope

Sent = tuple[str, str, Any]
_NAMES: Final = {"zh-CN": "满减券", "en": "Money off"}


class Story:
    """What is told to the application, one call after the other. `odd` are answers that were not of success."""

    def __init__(self, app: Litestar, furnished: Furnished, drain: Any) -> None:
        self.app, self.f, self.drain = app, furnished, drain
        self.http: httpx.AsyncClient = furnished.chain.http
        self.odd: list[str] = []

    async def send(self, key: str, path: str, body: Any = None, **more: Any) -> Any:
        """One call; `key` is its operation."""
        method = key.partition(" ")[0]
        if body is not None:
            more["json"] = body
        answer = await self.http.request(method, path, **more)
        if not answer.is_success:
            self.odd.append(f"{key}: {answer.status_code} {answer.text[:300]}")
            return {}
        kind = answer.headers.get("content-type", "")
        return answer.json() if kind.startswith("application/json") else {}

    async def tell(self) -> None:
        await self._trade()
        await self._read()
        await self._change()
        await self._try_out()
        await self._end()

    async def _trade(self) -> None:
        branch = self.f.chain.branch_id
        person = {
            "name": "林小青",
            "phone": "13912345678",
            "external_id": "crm-20418",
            "birthday": "1990-05-17",
            "gender": "female",
            "branch_id": branch,
            "referrer_id": self.f.member_id,
            "tags": ["VIP"],
            "attributes": {"size": "M"},
            "consents": {"sms": True},
            "enrolled_by": "till 7",
        }
        member = await self.send("POST /v1/members", "/v1/members", person)
        who = member.get("id", self.f.member_id)
        batch = {"items": [{"name": "王芳", "phone": "13912345679"}, {"name": "王芳", "phone": "13912345679"}]}
        await self.send("POST /v1/members:batch", "/v1/members:batch", batch)
        lines = [
            {"category": "tea", "sku": "T-88", "quantity": 2, "amount": 6_000},
            {"category": "cup", "sku": "C-01", "quantity": 1, "amount": 4_000},
        ]
        ticket = {"member_id": who, "branch_id": branch, "external_id": "till-7-20418", "lines": lines}
        await self.send("POST /v1/quotes", "/v1/quotes", {**ticket, "sold_by": "Chen"})
        for _ in range(2):  # 201, then 200
            bought = await self.send("POST /v1/purchases", "/v1/purchases", {**ticket, "sold_by": "Chen"})
        back = {"external_id": "till-7-R-77", "lines": [{"line": 1, "amount": 1_000}], "reason": "broken"}
        for _ in range(2):
            await self.send(
                "POST /v1/purchases/{purchase_id}/refunds", f"/v1/purchases/{bought.get('id')}/refunds", back
            )
        many = {"items": [{**ticket, "external_id": f"till-7-2042{n}"} for n in range(2)] + [{"amount": "x"}]}
        await self.send("POST /v1/purchases:batch", "/v1/purchases:batch", many)
        visit = {"member_id": who, "branch_id": branch, "kind": "check_in", "external_id": "door-1-9"}
        for _ in range(2):
            await self.send("POST /v1/activities", "/v1/activities", visit)
        await self.send(
            "POST /v1/activities:batch", "/v1/activities:batch", {"items": [{**visit, "external_id": "d2"}, {}]}
        )
        self.other = who

    async def _read(self) -> None:
        for call in calls(self.app):
            if call.method == "GET" and not call.path.startswith("/v1/sandbox/"):
                path = await self.address(call)
                await self.send(call.key, path, params=_query(call.path))

    async def address(self, call: Call) -> str:
        """The operation's address with ids that the chain has."""
        path = call.path
        for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
            path = path.replace(f"{{{name}}}", await self._id(name, path), 1)
        return path

    async def _id(self, name: str, path: str) -> str:
        known = self._known(path)
        if name in known:
            return known[name]
        above = path.partition(f"/{{{name}}}")[0]
        rows = (await self.http.get(above)).json().get("data") or [{}]
        one: Mapping[str, Any] = rows[0]
        return str(next((one[each] for each in (name, "id", "code") if each in one), "none"))

    def _known(self, path: str) -> dict[str, str]:
        f = self.f
        codes = {
            "price-lists": f.price_list,
            "message-texts": f.text,
            "templates": "general",
            "join-codes": f.join_code,
        }
        first = path.removeprefix("/v1/").strip("/").split("/")[0]
        return {
            "member_id": f.member_id,
            "purchase_id": f.purchase_id,
            "branch_id": f.second_branch_id,
            "staff_id": f.staff_id,
            "key_id": f.key_id,
            "till_id": f.till_id,
            "card_no": f.card_no,
            "pass_id": f.pass_id,
            "top_up_id": f.top_up_id,
            "activity_id": f.activity_id,
            "segment_id": f.segment_id,
            "version": "2",
            "job_id": f.simulation_id if "simulations" in path else f.job_id,
            "product": "class",
            "use_id": f.allowance_use_id,
            "coupon_id": f.coupon_id,
            "reference": f.grant_id,
            "reward_id": f.reward_id,
            "claim_id": f.claim_id,
            "campaign_id": f.campaign_id,
            "rule_id": f.rule_id,
            "task_id": f.task_id,
            "import_id": f.import_id,
            "webhook_id": f.webhook_id,
            **({"code": codes[first]} if first in codes else {"code": "not-found"} if first == "problems" else {}),
        }

    async def _change(self) -> None:
        f, branch = self.f, self.f.chain.branch_id
        bought = {"metric": "spend", "window": {"type": "rolling_days", "days": 90}, "gte": 10_000}
        programme = (await self.http.get("/v1/programme")).json()
        programme.pop("pending", None)  # told beside the rules, no part of them
        sale = {"member_id": self.other, "branch_id": branch, "amount": 900}
        undone = (await self.http.post("/v1/purchases", json={**sale, "external_id": "till-7-9"})).json()
        undo, wrong = "/undo", {"reason": "wrong member"}
        one = "POST /v1/purchases/{purchase_id}/undo"
        await self.send(one, f"/v1/purchases/{undone['id']}{undo}", wrong)
        paid = (await self.http.post("/v1/wallet/top-ups", json={**sale, "external_id": "till-7-w"})).json()
        one = "POST /v1/wallet/top-ups/{top_up_id}/undo"
        await self.send(one, f"/v1/wallet/top-ups/{paid['id']}{undo}", wrong)
        used = await self.send(
            "POST /v1/members/{member_id}/allowances/{product}/use",
            f"/v1/members/{f.member_id}/allowances/class/use",
            {"branch_id": branch},
        )
        number = (await self.http.post(f"/v1/coupons/{f.coupon_id}/print", json={"count": 2})).json()["coupons"]
        campaign = {"code": "double-tea", "type": "multiplier", "names": _NAMES, "multiplier": "2"}
        campaign |= {"when": {"type": "always"}}
        off = {"type": "amount", "amount": 2_000}
        rule = {"names": _NAMES, "segment": f"s{f.external_id[1:]}", "every": {"type": "days", "days": 30}}
        person = {"name": "Chen Wei", "email": f"chen.{f.chain.tenant_id.hex}@example.com", "role": "clerk"}
        steps: list[Sent] = [
            ("PATCH /v1/tenant", "/v1/tenant", {"name": "青禾茶饮", "shared_phones": True}),
            ("POST /v1/branches", "/v1/branches", {"code": "west-gate", "name": "西门店"}),
            ("PATCH /v1/branches/{branch_id}", f"/v1/branches/{f.second_branch_id}", {"name": "东门店"}),
            ("POST /v1/staff", "/v1/staff", {**person, "branch_ids": [branch]}),
            ("PATCH /v1/staff/{staff_id}", f"/v1/staff/{f.staff_id}", {"name": "Chen Wei", "role": "manager"}),
            ("POST /v1/staff/{staff_id}/invite", f"/v1/staff/{f.staff_id}/invite", None),
            ("PATCH /v1/staff-rules", "/v1/staff-rules", {}),
            ("POST /v1/api-keys", "/v1/api-keys", {"name": "till 7", "scopes": ["members:read", "purchases:write"]}),
            ("PATCH /v1/tills/{till_id}", f"/v1/tills/{f.till_id}", {"idle_minutes": 6}),
            ("PATCH /v1/members/{member_id}", f"/v1/members/{self.other}", {"name": "林青", "tags": ["VIP", "tea"]}),
            ("POST /v1/members/{member_id}/wallet-codes", f"/v1/members/{f.member_id}/wallet-codes", {}),
            ("POST /v1/members/{member_id}/card-link", f"/v1/members/{f.member_id}/card-link", None),
            ("POST /v1/members/{member_id}/cards", f"/v1/members/{self.other}/cards", {"card_no": "88000417"}),
            ("POST /v1/cards/{card_no}/report-lost", "/v1/cards/88000417/report-lost", None),
            (
                "POST /v1/cards/{card_no}/replace",
                "/v1/cards/88000417/replace",
                {"card_no": "88000418", "proof": "identity card"},
            ),
            ("POST /v1/join-codes", "/v1/join-codes", {"branch_id": branch}),
            ("POST /v1/passes/{pass_id}/undo-use", f"/v1/passes/{f.pass_id}/undo-use", {"entry_id": f.pass_use_id}),
            ("POST /v1/passes/{pass_id}/refund", f"/v1/passes/{f.pass_id}/refund", {"branch_id": branch, "uses": 1}),
            (
                "POST /v1/points/adjust",
                "/v1/points/adjust",
                {"member_id": f.member_id, "points": 200, "reason": "apology", "external_id": "crm-77"},
            ),
            (
                "POST /v1/points/redeem",
                "/v1/points/redeem",
                {"member_id": f.member_id, "points": 100, "branch_id": branch, "external_id": "till-7-p1"},
            ),
            ("POST /v1/segments", "/v1/segments", {"code": "regular-guests", "names": _NAMES, "condition": bought}),
            ("PATCH /v1/segments/{segment_id}", f"/v1/segments/{f.segment_id}", {"names": _NAMES}),
            ("POST /v1/segments/preview", "/v1/segments/preview", {"condition": bought}),
            ("DELETE /v1/programme/pending", "/v1/programme/pending", None),
            ("PUT /v1/programme/draft", "/v1/programme/draft", programme),
            ("POST /v1/programme/draft/simulate", "/v1/programme/draft/simulate", {}),
            ("POST /v1/programme/draft/publish", "/v1/programme/draft/publish", {"note": "as it was"}),
            (
                "POST /v1/programme/versions/{version}/rollback",
                "/v1/programme/versions/2/rollback",
                {"note": "back"},
            ),
            (
                "PUT /v1/price-lists/{code}",
                "/v1/price-lists/members-only",
                {"names": _NAMES, "prices": [{"sku": "T-88", "price": 2_800}]},
            ),
            ("PATCH /v1/price-lists/{code}", "/v1/price-lists/members-only", {"remove": ["T-88"]}),
            (
                "POST /v1/members/{member_id}/allowances/{product}/uses/{use_id}/undo",
                f"/v1/members/{f.member_id}/allowances/class/uses/{used.get('id')}/undo",
                {},
            ),
            (
                "POST /v1/coupons",
                "/v1/coupons",
                {"code": "twenty-off", "names": _NAMES, "value": off, "valid_days": 30},
            ),
            ("PATCH /v1/coupons/{coupon_id}", f"/v1/coupons/{f.coupon_id}", {"minimum": 1_000}),
            (
                "POST /v1/coupons/{coupon_id}/grant",
                f"/v1/coupons/{f.coupon_id}/grant",
                {"member_ids": [f.member_id, self.other], "reason": "apology"},
            ),
            ("POST /v1/coupons/{coupon_id}/print", f"/v1/coupons/{f.coupon_id}/print", {"count": 2}),
            (
                "POST /v1/coupons/redeem",
                "/v1/coupons/redeem",
                {"branch_id": branch, "number": number[0]["number"]},
            ),
            (
                "POST /v1/coupons/grants/{reference}/void",
                f"/v1/coupons/grants/{f.grant_id}/void",
                {"reason": "given twice"},
            ),
            ("POST /v1/rewards", "/v1/rewards", {"code": "mug", "names": _NAMES, "points": 10, "stock": 50}),
            ("PATCH /v1/rewards/{reward_id}", f"/v1/rewards/{f.reward_id}", {"points": 11}),
            ("POST /v1/rewards/{reward_id}/stock", f"/v1/rewards/{f.reward_id}/stock", {"pieces": 10}),
            ("POST /v1/rewards/claims/{claim_id}/collect", f"/v1/rewards/claims/{f.claim_id}/collect", None),
            ("POST /v1/campaigns", "/v1/campaigns", campaign),
            (
                "PUT /v1/message-texts/{code}",
                f"/v1/message-texts/{f.text}",
                {
                    "names": _NAMES,
                    "purpose": "service",
                    "channels": ["sms"],
                    "texts": {"zh-CN": "{name}，您好", "en": "Hello {name}"},
                },
            ),
            ("POST /v1/tasks/rules", "/v1/tasks/rules", {**rule, "code": "monthly-call"}),
            ("PATCH /v1/tasks/rules/{rule_id}", f"/v1/tasks/rules/{f.rule_id}", {"due_days": 8}),
            (
                "POST /v1/tasks/{task_id}/done",
                f"/v1/tasks/{f.task_id}/done",
                {"outcome": "reached", "note": "comes back"},
            ),
            (
                "PUT /v1/members/{member_id}/tier",
                f"/v1/members/{self.other}/tier",
                {"tier": programme["ladders"][0]["tiers"][-1]["code"], "reason": "owner's friend"},
            ),
            ("DELETE /v1/members/{member_id}/tier", f"/v1/members/{self.other}/tier", None),
            ("POST /v1/programme/recalculate", "/v1/programme/recalculate", {}),
            ("POST /v1/proof", "/v1/proof", None),
            ("PUT /v1/billing/payer", "/v1/billing/payer", {"email": "finance@example.com"}),
        ]
        for key, path, body in steps:
            await self.send(key, path, body)
        made = await self.send("POST /v1/exports", "/v1/exports")
        await self.send("DELETE /v1/exports/{export_id}", f"/v1/exports/{made.get('id')}")
        await self.send("POST /v1/exports", "/v1/exports")
        set_up = (await self.http.get("/v1/configuration")).json()
        dry = {"document": set_up, "dry_run": True}
        await self.send("PUT /v1/configuration", "/v1/configuration", dry)
        await self._webhooks()
        await self._tasks()
        await self._drafts(campaign)
        await self._import()
        await self.drain()

    async def _webhooks(self) -> None:
        path, one = f"/v1/webhooks/{self.f.webhook_id}", "/v1/webhooks/{webhook_id}"
        await self.http.patch(path, json={"enabled": True})
        await self.send(f"POST {one}/rotate", f"{path}/rotate", {"overlap_hours": 2})
        sent = await self.send(f"POST {one}/test", f"{path}/test", {"type": "tier.changed"})
        await self.send(f"POST {one}/replay", f"{path}/replay", {"failed": True})
        again = "/v1/webhooks/deliveries/{delivery_id}/retry"
        await self.send(f"POST {again}", again.replace("{delivery_id}", str(sent.get("id"))))
        off = {"description": "the till's own list", "types": ["tier.changed"], "enabled": False}
        await self.send(f"PATCH {one}", path, off)  # before any job runs: nothing is sent anywhere
        other = {"url": "https://crm.example.com/regulars", "types": ["member.created"], "enabled": False}
        made = await self.send("POST /v1/webhooks", "/v1/webhooks", other)
        await self.send(f"DELETE {one}", f"/v1/webhooks/{made.get('id')}")

    async def _tasks(self) -> None:
        until = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
        waiting = (await self.http.get("/v1/tasks?limit=200")).json()["data"]
        if waiting:
            task = f"/v1/tasks/{waiting[-1]['id']}"
            await self.send("POST /v1/tasks/{task_id}/postpone", f"{task}/postpone", {"until": until, "note": "away"})
            await self.send("POST /v1/tasks/{task_id}/skip", f"{task}/skip", {"note": "not this time"})

    async def _drafts(self, campaign: dict[str, Any]) -> None:
        made = (await self.http.post("/v1/campaigns", json={**campaign, "code": "triple-tea"})).json()
        path, one = f"/v1/campaigns/{made['id']}", "/v1/campaigns/{campaign_id}"
        await self.send(f"PUT {one}", path, {**campaign, "code": "triple-tea", "multiplier": "3"})
        await self.send(f"POST {one}/start", f"{path}/start")
        await self.send(f"POST {one}/stop", f"{path}/stop")
        made = (await self.http.post("/v1/campaigns", json={**campaign, "code": "never"})).json()
        await self.send(f"DELETE {one}", f"/v1/campaigns/{made['id']}")
        for claim in (await self.http.get(f"/v1/members/{self.f.member_id}/claims")).json()["data"][:1]:
            again = {"member_id": self.f.member_id, "external_id": f"again {claim['id']}"}
            taken = await self.send(
                "POST /v1/rewards/{reward_id}/claim", f"/v1/rewards/{self.f.reward_id}/claim", again
            )
            await self.send("POST /v1/rewards/claims/{claim_id}/cancel", f"/v1/rewards/claims/{taken.get('id')}/cancel")

    async def _import(self) -> None:
        rows = b"external_id,name\nx,Lin\n"
        sent = {"files": {"file": ("m.csv", rows, "text/csv")}, "data": {"options": json.dumps({"kind": "members"})}}
        made = await self.send("POST /v1/imports", "/v1/imports", **sent)
        one = "/v1/imports/{import_id}"
        await self.send(f"POST {one}/cancel", f"/v1/imports/{made.get('import_id')}/cancel")

    async def _try_out(self) -> None:
        """The sandbox: from the chain, then with a key of its own."""
        await self.send("POST /v1/sandbox/reset", "/v1/sandbox/reset")
        await self.send("DELETE /v1/sandbox", "/v1/sandbox")
        await self.drain()
        await self.send("POST /v1/sandbox", "/v1/sandbox", {"samples": False})
        await self.drain()
        sandbox = (await self.send("GET /v1/sandbox", "/v1/sandbox"))["id"]
        async with tenant_scope(UUID(sandbox)):
            await keep_unsent([Unsent(uuid7(), "sms", "+8613912345678", None, "验证码 482913")])
        wanted = {"name": "till", "scopes": ["admin"]}
        key = (await self.send("POST /v1/sandbox/keys", "/v1/sandbox/keys", wanted))["key"]
        own = {"headers": {"Authorization": f"Bearer {key}"}}
        await self.send("GET /v1/sandbox/clock", "/v1/sandbox/clock", **own)
        await self.send("POST /v1/sandbox/clock", "/v1/sandbox/clock", {"advance": {"hours": 1}}, **own)
        await self.drain()
        await self.send("GET /v1/sandbox/clock", "/v1/sandbox/clock", **own)
        await self.http.post("/v1/sandbox/clock", json={"advance": {"years": 1}}, **own)
        await self.send("POST /v1/sandbox/clock/cancel", "/v1/sandbox/clock/cancel", **own)
        await self.send("GET /v1/sandbox/letters", "/v1/sandbox/letters", **own)

    async def _end(self) -> None:
        f = self.f
        gone = (await self.http.post("/v1/members", json={"name": "gone"})).json()["id"]
        twice = (await self.http.post("/v1/members", json={"name": "twice"})).json()["id"]
        text = {"names": _NAMES, "purpose": "service", "channels": ["sms"], "texts": {"zh-CN": "您好", "en": "Hello"}}
        await self.http.put("/v1/message-texts/unused", json=text)
        steps: list[Sent] = [
            ("POST /v1/members/{member_id}/merge", f"/v1/members/{self.other}/merge", {"other_id": twice}),
            ("DELETE /v1/members/{member_id}", f"/v1/members/{gone}", None),
            ("POST /v1/members/{member_id}/erase", f"/v1/members/{gone}/erase", None),
            ("DELETE /v1/members/{member_id}/pin", f"/v1/members/{f.member_id}/pin", None),
            ("DELETE /v1/join-codes/{code}", f"/v1/join-codes/{f.join_code}", None),
            ("DELETE /v1/message-texts/{code}", "/v1/message-texts/unused", None),
            ("DELETE /v1/tasks/rules/{rule_id}", f"/v1/tasks/rules/{f.rule_id}", None),
            ("DELETE /v1/staff/{staff_id}/sessions", f"/v1/staff/{f.staff_id}/sessions", None),
            ("DELETE /v1/staff/{staff_id}/second-factor", f"/v1/staff/{f.staff_id}/second-factor", None),
            ("DELETE /v1/tills/{till_id}", f"/v1/tills/{f.till_id}", None),
            ("DELETE /v1/staff/{staff_id}", f"/v1/staff/{f.staff_id}", None),
            ("DELETE /v1/api-keys/{key_id}", f"/v1/api-keys/{f.key_id}", None),
        ]
        programme = (await self.http.get("/v1/programme")).json()
        await self.http.put("/v1/programme/draft", json=programme)
        running = (await self.http.post("/v1/programme/draft/simulate", json={})).json()["job_id"]
        steps.append(("DELETE /v1/programme/simulations/{job_id}", f"/v1/programme/simulations/{running}", None))
        steps.append(("DELETE /v1/programme/draft", "/v1/programme/draft", None))
        unused = {"code": "unused", "names": _NAMES, "condition": {"metric": "purchases", "gte": 1}}
        unused["condition"] = {"metric": "purchases", "window": {"type": "lifetime"}, "gte": 1}
        made = (await self.http.post("/v1/segments", json=unused)).json()
        steps.append(("DELETE /v1/segments/{segment_id}", f"/v1/segments/{made.get('id')}", None))
        for key, path, body in steps:
            await self.send(key, path, body)


def _query(path: str) -> dict[str, str]:
    now = datetime.now(UTC)
    if path.startswith("/v1/reports/") and path.partition("/v1/reports/")[2].startswith(
        ("shifts", "settlement", "tasks")
    ):
        return {"from": (now - timedelta(days=7)).date().isoformat(), "to": now.date().isoformat()}
    return {}
