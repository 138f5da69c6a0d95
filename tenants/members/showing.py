"""Members as they are shown."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.members.consents import CHANNELS
from tenants.members.identities import OPENID, UNIONID
from tenants.members.row import COLUMNS, SHOWN, member_rows
from tenants.members.standing import standing, standings
from tenants.merged import leads_to
from tenants.nightly import this_night
from tenants.points.reading import Totals, totals, totals_of, totals_sql
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme, programme

_COLUMN: Final = {"text": "text", "choice": "text", "number": "number", "date": "day", "boolean": "truth"}
# Of `n.id`, beside its wallet's account `w`.
_DETAILS: Final = """
       (SELECT coalesce(r.merged_into, r.id) FROM member AS b
          JOIN member AS r ON r.tenant_id = b.tenant_id AND r.id = b.referrer_id
         WHERE b.tenant_id = $1 AND b.id = n.id) AS referred_by,
       ARRAY(SELECT t.tag FROM member_tag AS t WHERE t.tenant_id = $1 AND t.member_id = n.id ORDER BY 1) AS tags,
       ARRAY(SELECT c.channel FROM member_consent AS c WHERE c.tenant_id = $1 AND c.member_id = n.id) AS consents,
       ARRAY(SELECT ROW(i.kind, i.value) FROM member_identity AS i
              WHERE i.tenant_id = $1 AND i.member_id = n.id AND i.kind ^@ 'wechat_' ORDER BY i.kind, i.value) AS wechat,
       coalesce(w.principal, 0) AS principal, coalesce(w.bonus, 0) AS bonus,
       (SELECT jsonb_object_agg(a.code, jsonb_strip_nulls(jsonb_build_object(
                   'text', a.text, 'number', a.number, 'day', a.day, 'truth', a.truth)))
          FROM member_attribute AS a WHERE a.tenant_id = $1 AND a.member_id = n.id) AS attributes"""
_WALLET: Final = " LEFT JOIN wallet_account AS w ON w.tenant_id = $1 AND w.member_id = n.id"
_MANY: Final = f"SELECT n.id, {_DETAILS} FROM unnest($2::uuid[]) AS n (id){_WALLET}"

_TIER: Final = ("ladder", "tier", "rank", "since", "valid_from", "valid_until", "locked_until", "may_rise")
_TIERS: Final = f"""
       ARRAY(SELECT ROW({", ".join(f"s.{column}" for column in _TIER)}, u.day) FROM member_tier AS s
               LEFT JOIN ladder_run AS u ON u.tenant_id = $1 AND u.ladder = s.ladder
              WHERE s.tenant_id = $1 AND s.member_id = n.id) AS held"""
_POINTS, _LOTS = totals_sql("d.today")
# One round trip, and a plan that holds for every member: a statement over a list of ids is planned anew for each list
# of one. `d` is no part of the plan's search, since a clock stands in it, and is read once.
_ONE: Final = f"""
SELECT {COLUMNS}, d.programme_version, {_DETAILS}, {_POINTS}, {_TIERS}
  FROM member AS o
  JOIN member AS m ON m.tenant_id = o.tenant_id AND m.id = {leads_to("o")}
 CROSS JOIN LATERAL (SELECT m.id) AS n
 CROSS JOIN (SELECT t.programme_version,
                    ((clock_timestamp() + t.clock_offset) AT TIME ZONE t.timezone)::date AS today
               FROM tenant AS t WHERE t.tenant_id = $1) AS d{_WALLET}{_LOTS}
 WHERE o.tenant_id = $1 AND o.id = $2"""


async def shown(members: Sequence[asyncpg.Record], locale: str) -> list[dict[str, Any]]:
    """Members' rows as JSON data, with `tier` (of the main ladder), `tiers` (all, by ladder code), attributes, tags,
    consents, WeChat identities, points and wallet. As many queries for one member as for many.
    """
    if not members:
        return []
    programme = await current_programme()
    tiers = await standings({row["id"]: row["joined_on"] for row in members}, locale)
    ids = [row["id"] for row in members]
    details = {row["id"]: row for row in await connection().fetch(_MANY, current().tenant_id, ids)}
    points = await totals(ids, (await this_night()).today)
    return [_member(row, tiers[row["id"]], details[row["id"]], points[row["id"]], programme) for row in members]


def _member(
    row: asyncpg.Record, tiers: Mapping[str, Any], details: asyncpg.Record, points: Totals, programme: Programme
) -> dict[str, Any]:
    return {
        **{key: row[key] for key in SHOWN[:-2] if key != "is_returning"},
        "referrer_id": details["referred_by"],
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


async def read_member(member_id: UUID, locale: str) -> tuple[dict[str, Any], int]:
    """The member that this id leads to, as `shown` shows it, and its revision. One query. Raises DomainError
    `not-found`.
    """
    row = await connection().fetchrow(_ONE, current().tenant_id, member_id)
    if row is None:
        raise DomainError("not-found")
    rules = await programme(row["programme_version"])
    held = {tier[0]: dict(zip(_TIER, tier, strict=False)) for tier in row["held"]}
    ran = {tier[0]: tier[-1] for tier in row["held"] if tier[-1] is not None}
    tiers = {
        ladder.code: standing(rules, ladder, held.get(ladder.code), row["joined_on"], locale, ran)
        for ladder in rules.ladders
    }
    return _member(row, tiers, row, totals_of(row), rules), row["revision"]


async def show(row: asyncpg.Record, locale: str) -> dict[str, Any]:
    """One member, by its row."""
    return (await read_member(row["id"], locale))[0]


async def shown_by_id(ids: Sequence[UUID], locale: str) -> list[dict[str, Any]]:
    """Members by their ids, the newest first."""
    return await shown(await member_rows(ids), locale)
