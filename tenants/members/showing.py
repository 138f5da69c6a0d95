"""Members as they are shown."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.members.consents import CHANNELS
from tenants.members.identities import OPENID, UNIONID
from tenants.members.row import SHOWN, member_rows
from tenants.members.standing import standings
from tenants.nightly import this_night
from tenants.points.reading import Totals, totals
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme

_COLUMN: Final = {"text": "text", "choice": "text", "number": "number", "date": "day", "boolean": "truth"}
_DETAILS: Final = """
SELECT n.id,
       (SELECT coalesce(r.merged_into, r.id) FROM member AS m
          JOIN member AS r ON r.tenant_id = m.tenant_id AND r.id = m.referrer_id
         WHERE m.tenant_id = $1 AND m.id = n.id) AS referrer_id,
       ARRAY(SELECT t.tag FROM member_tag AS t WHERE t.tenant_id = $1 AND t.member_id = n.id ORDER BY 1) AS tags,
       ARRAY(SELECT c.channel FROM member_consent AS c WHERE c.tenant_id = $1 AND c.member_id = n.id) AS consents,
       ARRAY(SELECT ROW(i.kind, i.value) FROM member_identity AS i
              WHERE i.tenant_id = $1 AND i.member_id = n.id AND i.kind ^@ 'wechat_' ORDER BY i.kind, i.value) AS wechat,
       coalesce(w.principal, 0) AS principal, coalesce(w.bonus, 0) AS bonus,
       (SELECT jsonb_object_agg(a.code, jsonb_strip_nulls(jsonb_build_object(
                   'text', a.text, 'number', a.number, 'day', a.day, 'truth', a.truth)))
          FROM member_attribute AS a WHERE a.tenant_id = $1 AND a.member_id = n.id) AS attributes
  FROM unnest($2::uuid[]) AS n (id) LEFT JOIN wallet_account AS w ON w.tenant_id = $1 AND w.member_id = n.id
"""


async def shown(members: Sequence[asyncpg.Record], locale: str) -> list[dict[str, Any]]:
    """Members' rows as JSON data, with `tier` (of the main ladder), `tiers` (all, by ladder code), attributes, tags,
    consents, WeChat identities, points and wallet. As many queries for one member as for many.
    """
    if not members:
        return []
    programme = await current_programme()
    tiers = await standings({row["id"]: row["joined_on"] for row in members}, locale)
    ids = [row["id"] for row in members]
    details = {row["id"]: row for row in await connection().fetch(_DETAILS, current().tenant_id, ids)}
    points = await totals(ids, (await this_night()).today)
    return [_member(row, tiers[row["id"]], details[row["id"]], points[row["id"]], programme) for row in members]


def _member(
    row: asyncpg.Record, tiers: Mapping[str, Any], details: asyncpg.Record, points: Totals, programme: Programme
) -> dict[str, Any]:
    return {
        **{key: row[key] for key in SHOWN[:-2] if key != "is_returning"},
        "referrer_id": details["referrer_id"],
        "returning": row["is_returning"],
        "wechat": [_wechat(kind, value) for kind, value in details["wechat"]],
        "tags": details["tags"],
        "attributes": _attributes(programme, details["attributes"] or {}),
        "consents": {channel: channel in details["consents"] for channel in CHANNELS},
        "tier": next(iter(tiers.values())),
        "tiers": tiers,
        "points": points.out,
        "wallet": {"principal": details["principal"], "bonus": details["bonus"]},
        "created_at": row["created_at"],
        "closed_at": row["closed_at"],
    }


def _wechat(kind: str, value: str) -> dict[str, str]:
    if kind == UNIONID:
        return {"unionid": value}
    return {"app_id": kind.removeprefix(OPENID), "openid": value}


def _attributes(programme: Programme, stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the programme declares today, in its order; a value of a type that the attribute no longer has is left
    out.
    """
    return {
        attribute.code: stored[attribute.code][_COLUMN[attribute.type]]
        for attribute in programme.attributes
        if _COLUMN[attribute.type] in stored.get(attribute.code, {})
    }


async def show(row: asyncpg.Record, locale: str) -> dict[str, Any]:
    """One member."""
    (member,) = await shown([row], locale)
    return member


async def shown_by_id(ids: Sequence[UUID], locale: str) -> list[dict[str, Any]]:
    """Members by their ids, the newest first."""
    return await shown(await member_rows(ids), locale)
