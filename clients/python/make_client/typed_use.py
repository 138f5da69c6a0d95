"""For the type checker alone: what is right passes, what is wrong is found. An ignore without a fault is one itself."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from uuid import UUID

from regulars_client import AsyncRegulars, Page, Regulars, errors, meta, problems, types


def right(client: Regulars, branch: UUID) -> str | None:
    member = client.members.create(phone="13800138000", joined_on=date(2026, 1, 2), consents={"sms": True})
    client.purchases.create(
        branch_id=branch,
        external_id="T-1",
        occurred_at=datetime.now(UTC),
        lines=[{"amount": 19_800, "category": "tea"}, {"amount": 200, "quantity": 2}],
        tenders=[{"type": "wechat", "amount": 20_000}],
        idempotency_key="T-1",
    )
    client.programme.publish(transition="up_only")
    csv: bytes = client.imports.errors_csv(branch)
    first: Page[types.Member] = client.members.list(tag="常客").first()
    earned: int = client.quotes.create(branch_id=branch, amount=100)["points_earned"]
    try:
        client.members.delete(member["id"])
    except problems.MoneyOwed as owed:
        kept: errors.ConflictError = owed
        raise kept from None
    return meta(member).etag if csv and earned else first.next_cursor


async def right_too(client: AsyncRegulars) -> AsyncIterator[str]:
    async for member in client.members.list(limit=200):
        yield member["id"]
    await client.members.merge("1", other_id="2")


def wrong(client: Regulars) -> None:
    client.members.create(fone="13800138000")  # type: ignore[call-arg]
    client.members.create(kind="robot")  # type: ignore[arg-type]
    client.members.create(joined_on=20260102)  # type: ignore[arg-type]
    client.purchases.create(branch_id="1")  # type: ignore[call-arg]
    client.purchases.create(branch_id="1", external_id="2", lines=[{"amuont": 1}])  # type: ignore[typeddict-item]
    client.members.list(colour="red")  # type: ignore[call-arg]
    client.members.get("1")["nmae"]  # type: ignore[typeddict-item]
    client.members.get()  # type: ignore[call-arg]
    client.members.tear()  # type: ignore[attr-defined]


async def wrong_too(client: AsyncRegulars) -> None:
    client.members.get("1")  # type: ignore[unused-coroutine]
    for _ in client.members.list():  # type: ignore[attr-defined]
        pass
