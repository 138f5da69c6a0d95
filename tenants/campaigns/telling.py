"""Tells the members who have a share, in the text that the campaign names: a job behind the gift, never at night."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.campaigns.document import AnyCampaign
from tenants.campaigns.message_texts import message_of
from tenants.campaigns.texts import fill, placeholders
from tenants.campaigns.wording import HOLDERS, chain, values_of
from tenants.messages.daytime import until_morning
from tenants.messages.sending import Outgoing, send_all

JOB: Final = "campaigns.tell"
"""Payload: `campaign_id`, `shares`: [[share id, {placeholder: text}], …]."""
GOOD_FOR: Final = timedelta(days=2)
"""What couldn't be handed over so long after the share was had isn't sent any more."""


async def tell_later(
    campaign_id: UUID, shares: Sequence[tuple[UUID, Mapping[str, str]]], now: datetime, zone: ZoneInfo
) -> None:
    """Queues the messages of some shares, for at once or for the morning."""
    listed = [[str(share_id), dict(says)] for share_id, says in shares]
    await enqueue(JOB, {"campaign_id": str(campaign_id), "shares": listed}, delay=until_morning(now, zone))


async def tell(campaign_id: UUID, campaign: AnyCampaign, shares: Mapping[UUID, Mapping[str, str]]) -> None:
    """Sends the campaign's text to the holders of the shares, with what is to be said to each. A text that is gone, or
    has lost the channel, is sent to nobody.
    """
    message = None if campaign.message is None else await message_of(campaign.message)
    if message is None or campaign.channel is None or campaign.channel not in message.channels:
        return
    teller = await chain()
    text = message.texts.get(teller.language)
    rows = await connection().fetch(HOLDERS, current().tenant_id, list(shares), campaign_id)
    says = {row["share_id"]: shares[row["share_id"]] for row in rows}
    values = await values_of(rows, teller, campaign, placeholders(text), says)
    await send_all(
        [
            Outgoing(
                row["id"],
                campaign.channel,
                f"campaign:{campaign.code}",
                fill(text, values[row["share_id"]]),
                marketing=message.purpose == "marketing",
                expires_at=row["at"] + GOOD_FOR,
            )
            for row in rows
        ],
        by_day=True,
        noted=True,
    )
