"""How to knock at a route with somebody else's ids."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from saas.isolation.furnishing.furnish import Furnished


@dataclass(frozen=True)
class Ids:
    """The ids to try: a neighbour's, or some of the same shape that nobody has."""

    member: str
    branch: str
    purchase: str
    job: str
    imported: str
    key: str
    phone: str
    card: str
    external: str
    key_branch: str
    activity: str
    segment: str
    top_up: str
    allowance_use: str
    price_list: str
    coupon: str
    grant: str
    number: str
    reward: str
    claim: str
    grant_job: str
    sheet: str
    sold_pass: str
    pass_use: str
    campaign: str
    text: str
    rule: str
    task: str
    simulation: str
    staff: str
    till: str
    upload: str
    view: str
    bulk: str
    join_code: str
    export: str
    event: str
    webhook: str
    delivery: str

    @classmethod
    def of(cls, other: Furnished) -> "Ids":
        return cls(
            other.member_id,
            other.second_branch_id,
            other.purchase_id,
            other.job_id,
            other.import_id,
            other.key_id,
            other.phone,
            other.card_no,
            other.external_id,
            other.chain.branch_id,
            other.activity_id,
            other.segment_id,
            other.top_up_id,
            other.allowance_use_id,
            other.price_list,
            other.coupon_id,
            other.grant_id,
            other.coupon_number,
            other.reward_id,
            other.claim_id,
            other.grant_job,
            other.sheet,
            other.pass_id,
            other.pass_use_id,
            other.campaign_id,
            other.text,
            other.rule_id,
            other.task_id,
            other.simulation_id,
            other.staff_id,
            other.till_id,
            other.upload_id,
            other.view_id,
            other.bulk_id,
            other.join_code,
            other.export_id,
            other.event_id,
            other.webhook_id,
            other.delivery_id,
        )

    def texts(self) -> list[str]:
        return list(vars(self).values())

    def only_theirs(self) -> list[str]:
        """Without what another chain may have too: codes of price lists and texts are each chain's own to choose."""
        return [text for name, text in vars(self).items() if name not in {"price_list", "text"}]


NOBODYS = Ids(
    "01970000-0000-7000-8000-000000000001",
    "01970000-0000-7000-8000-000000000002",
    "01970000-0000-7000-8000-000000000003",
    "01970000-0000-7000-8000-000000000004",
    "01970000-0000-7000-8000-000000000005",
    "AAAAAAAAAAA",
    "13800009999",
    "C9999",
    "E9999",
    "01970000-0000-7000-8000-000000000006",
    "01970000-0000-7000-8000-000000000007",
    "01970000-0000-7000-8000-000000000008",
    "01970000-0000-7000-8000-000000000009",
    "01970000-0000-7000-8000-00000000000a",
    "p9999",
    "01970000-0000-7000-8000-00000000000b",
    "01970000-0000-7000-8000-00000000000c",
    "AA5U8DPUMM22",
    "01970000-0000-7000-8000-00000000000d",
    "01970000-0000-7000-8000-00000000000e",
    "01970000-0000-7000-8000-0000000000f7",
    "01970000-0000-7000-8000-0000000000f6",
    "01970000-0000-7000-8000-0000000000fd",
    "01970000-0000-7000-8000-0000000000fe",
    "01970000-0000-7000-8000-0000000000fc",
    "t9999",
    "01970000-0000-7000-8000-0000000000fb",
    "01970000-0000-7000-8000-0000000000fa",
    "01970000-0000-7000-8000-0000000000f9",
    "01970000-0000-7000-8000-0000000000f8",
    "01970000-0000-7000-8000-0000000000f5",
    "01970000-0000-7000-8000-0000000000e8",
    "01970000-0000-7000-8000-0000000000e7",
    "01970000-0000-7000-8000-0000000000e6",
    "zzzzzzzzzz",
    "01970000-0000-7000-8000-0000000000e5",
    "01970000-0000-7000-8000-0000000000e4",
    "01970000-0000-7000-8000-0000000000d8",
    "01970000-0000-7000-8000-0000000000d7",
)


@dataclass(frozen=True)
class Knock:
    """One request with a foreign id; `status` is what it must answer, whoever's the id is or isn't."""

    url: str
    status: int
    body: Any = None
    request: dict[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        return self.request if self.body is None else {"json": self.body, **self.request}


Case = Callable[[Ids, Furnished], list[Knock]]
Cases = dict[tuple[str, str], Case]
"""By method and path template."""
