"""Changing a member's profile and identifiers."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import require_branch
from tenants.events.emit import emit
from tenants.members.attributes import check_attributes, write_attributes
from tenants.members.birthdays import kept_on
from tenants.members.bodies import MemberChange, WechatBody
from tenants.members.consents import write_consents
from tenants.members.eligibility import require_eligible
from tenants.members.enrol import AHEAD, require_day
from tenants.members.identities import (
    CARD,
    KIND_OF_FIELD,
    OPENID,
    UNIONID,
    Identity,
    claim,
    identities_of,
    openid_kind,
    release,
)
from tenants.members.profile_facts import log_changes
from tenants.members.referrers import require_referrer
from tenants.members.returning import WAS_MEMBER, hashes_of
from tenants.members.row import PROFILE, lock_active, member_row
from tenants.members.tags import tags_of, write_tags
from tenants.members.terms import Terms, present_terms
from tenants.referrals.counting import referrer_changed

_WAS_MEMBER: Final = WAS_MEMBER.format(phone="$3::text", hashes="$14::bytea[]")
_UPDATE: Final = f"""
UPDATE member AS m
   SET phone = $3, name = $4, external_id = $5, card_no = $6, kind = $7, birthday = $8,
       birthday_calendar = $9, gender = $10, joined_on = $11, branch_id = $12, referrer_id = $13, kept_on = $15,
       revision = m.revision + 1, phone_unverified = m.phone_unverified AND $3 IS NOT DISTINCT FROM m.phone,
       is_returning = m.is_returning OR $3 IS DISTINCT FROM m.phone AND {_WAS_MEMBER}
 WHERE m.tenant_id = $1 AND m.id = $2
"""


async def change_member(member_id: UUID, change: MemberChange, revisions: Collection[int] | None) -> asyncpg.Record:
    """The row of the member that the id leads to, after the change. Where `revisions` are given the present one must
    be among them.

    Raises DomainError `not-found`, `member-closed`, `tenant-closed`, `precondition-failed`, and what enrolling raises.
    What changes nothing leaves the revision as it is.
    """
    before = await lock_active(member_id)
    if revisions is not None and before["revision"] not in revisions:
        raise DomainError("precondition-failed")
    member_id = before["id"]
    given = change.model_fields_set
    after = {key: getattr(change, key) if key in given else before[key] for key in PROFILE}
    changed = {key for key in PROFILE if after[key] != before[key]}
    terms = await present_terms()
    if changed:
        await _check(member_id, after, changed, terms)
        changed = {key for key in PROFILE if after[key] != before[key]}
    names = set(changed)
    if changed & KIND_OF_FIELD.keys() or "wechat" in given:
        names |= await _change_identities(member_id, before, after, change, terms)
    names |= await _change_details(before, change, terms)
    if not names:
        return before
    await _require_someone(member_id, after)
    values = [*(after[key] for key in PROFILE), hashes_of(after["phone"])]
    mark = kept_on(after["birthday"], after["birthday_calendar"])
    await connection().execute(_UPDATE, current().tenant_id, member_id, *values, mark)
    await referrer_changed(member_id, before["referrer_id"], after["referrer_id"])
    await log_changes(member_id, before["seq"], before, after, before["locked_at"])
    await record("member.change", f"member:{member_id}", {"fields": sorted(names)})
    await emit("member.updated", {"fields": sorted(names)}, member_id=member_id, at=before["locked_at"])
    return await member_row(member_id)


async def _check(member_id: UUID, after: dict[str, Any], changed: set[str], terms: Terms) -> None:
    """Refuses what couldn't be enrolled either; a referrer's old id becomes the one that it leads to."""
    if "joined_on" in changed:
        require_day(after["joined_on"], terms.today + AHEAD, "/joined_on", "occurred-too-far-ahead")
    if changed & {"birthday", "kind"}:
        require_day(after["birthday"], terms.today, "/birthday", "in-the-future")
        require_eligible(terms.programme.eligibility, after["kind"], after["birthday"], terms.today)
    if "branch_id" in changed and after["branch_id"] is not None:
        await require_branch(after["branch_id"])
    if "referrer_id" in changed and after["referrer_id"] is not None:
        after["referrer_id"] = await require_referrer(after["referrer_id"], member_id)


async def _change_identities(
    member_id: UUID, before: asyncpg.Record, after: Mapping[str, Any], change: MemberChange, terms: Terms
) -> set[str]:
    """Gives up the old ones first. Returns `wechat` if that changed."""
    fields = [field for field in KIND_OF_FIELD if after[field] != before[field]]
    gone: set[Identity] = {(KIND_OF_FIELD[field], before[field]) for field in fields if before[field] is not None}
    wanted = {KIND_OF_FIELD[field]: after[field] for field in fields if after[field] is not None}
    if "card_no" in fields and after["card_no"] is None:  # none at all, not the one before it
        gone |= {identity for identity in await identities_of(member_id) if identity[0] == CARD}
    wechat: set[Identity] = set()
    if "wechat" in change.model_fields_set:
        old = {i for i in await identities_of(member_id) if i[0] == UNIONID or i[0].startswith(OPENID)}
        new = _wechat(change.wechat)
        replaced = {i for i in old if change.wechat is None or i[0] in new} - new.items()
        gone |= replaced
        wanted |= {kind: value for kind, value in new.items() if (kind, value) not in old}
        wechat = replaced | (new.items() - old)
    await release(member_id, gone)
    await claim(member_id, wanted, shared_phones=terms.shared_phones)
    return {"wechat"} if wechat else set()


def _wechat(wechat: WechatBody | None) -> dict[str, str]:
    """The identities of one app and, if it is given, the unionid; null takes all away."""
    if wechat is None:
        return {}
    unionid = {} if wechat.unionid is None else {UNIONID: wechat.unionid}
    return {openid_kind(wechat.app_id): wechat.openid, **unionid}


async def _change_details(member: asyncpg.Record, change: MemberChange, terms: Terms) -> set[str]:
    """Tags, attributes and consents. Returns the names of what was given and may have changed."""
    member_id, given = member["id"], change.model_fields_set
    names: set[str] = set()
    if "tags" in given and set(change.tags or ()) != await tags_of(member_id):
        await write_tags(member_id, change.tags or ())
        names.add("tags")
    if change.attributes:
        await write_attributes(member_id, check_attributes(terms.programme.attributes, change.attributes))
        names.add("attributes")
    if change.consents and await write_consents(member_id, change.consents, member["locked_at"], change.source):
        names.add("consents")
    return names


async def _require_someone(member_id: UUID, after: Mapping[str, Any]) -> None:
    """A member that nothing leads to and nobody can name is nobody."""
    if any(after[key] is not None for key in ("name", *KIND_OF_FIELD)) or await identities_of(member_id):
        return
    expected = {"expected": "phone, name, external_id, card_no, wechat"}
    raise DomainError("validation-failed", errors=[FieldError("", "identifier-missing", expected)])
