"""Changing a member's profile and identifiers."""

from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.branches.branch import require_branch
from tenants.members.bodies import MemberChange, WechatBody
from tenants.members.enrol import member_row, require_day, tenant_clock
from tenants.members.identities import KIND_OF_FIELD, UNIONID, claim, openid_kind, release
from tenants.members.standing import COLUMNS

# On its own, before anything is read: whoever waits for it then sees what the one before it wrote.
_LOCK: Final = f"""
UPDATE member AS m SET seq = m.seq + 1 WHERE m.tenant_id = $1 AND m.id = $2 RETURNING {COLUMNS}
"""
_UPDATE: Final = """
UPDATE member AS m
   SET phone = $3, name = $4, external_id = $5, card_no = $6, birthday = $7, gender = $8, branch_id = $9,
       revision = m.revision + 1
 WHERE m.tenant_id = $1 AND m.id = $2
"""
_PROFILE: Final = ("phone", "name", "external_id", "card_no", "birthday", "gender", "branch_id")


async def change_member(member_id: UUID, change: MemberChange, revision: int | None) -> asyncpg.Record:
    """The member's row after the change. Where `revision` is given it must be the present one.

    Raises DomainError `not-found`, `precondition-failed`, and what enrolling raises. What changes nothing leaves
    the revision as it is.
    """
    before = await connection().fetchrow(_LOCK, current().tenant_id, member_id)
    if before is None:
        raise DomainError("not-found")
    if revision is not None and revision != before["revision"]:
        raise DomainError("precondition-failed")
    given = change.model_fields_set
    after = {key: getattr(change, key) if key in given else before[key] for key in _PROFILE}
    changed = {key for key in _PROFILE if after[key] != before[key]}
    rewritten = "wechat" in given
    if not changed and not rewritten:
        return before
    await _check(after, changed)
    identities = {kind: after[field] for field, kind in KIND_OF_FIELD.items() if field in changed}
    await release(member_id, list(identities))
    wanted = {kind: value for kind, value in identities.items() if value is not None}
    if rewritten:
        wanted |= await _wechat(member_id, change.wechat)
    await claim(member_id, wanted)
    await _require_someone(member_id, after)
    values = [after[key] for key in _PROFILE]
    await connection().execute(_UPDATE, current().tenant_id, member_id, *values)
    names = sorted(changed | ({"wechat"} if rewritten else set()))
    await record("member.change", f"member:{member_id}", {"fields": names})
    return await member_row(member_id)


async def _check(after: dict[str, Any], changed: set[str]) -> None:
    if "birthday" in changed:
        require_day(after["birthday"], (await tenant_clock()).today, "/birthday", "in-the-future")
    if "branch_id" in changed and after["branch_id"] is not None:
        await require_branch(after["branch_id"])


async def _wechat(member_id: UUID, wechat: WechatBody | None) -> dict[str, str]:
    """Clears the way for new WeChat identities, and says which: null takes all away; else those of one app and
    the unionid are replaced.
    """
    if wechat is None:
        rows = await connection().fetch(
            "SELECT kind FROM member_identity WHERE tenant_id = $1 AND member_id = $2 AND kind ^@ 'wechat_'",
            current().tenant_id,
            member_id,
        )
        await release(member_id, [row["kind"] for row in rows])
        return {}
    wanted = {openid_kind(wechat.app_id): wechat.openid}
    if wechat.unionid is not None:
        wanted[UNIONID] = wechat.unionid
    await release(member_id, list(wanted))
    return wanted


async def _require_someone(member_id: UUID, after: dict[str, Any]) -> None:
    """A member that nothing leads to and nobody can name is nobody."""
    if any(after[key] is not None for key in ("name", *KIND_OF_FIELD)):
        return
    left = await connection().fetchval(
        "SELECT EXISTS (SELECT FROM member_identity WHERE tenant_id = $1 AND member_id = $2)",
        current().tenant_id,
        member_id,
    )
    if not left:
        expected = {"expected": "phone, name, external_id, card_no, wechat"}
        raise DomainError("validation-failed", errors=[FieldError("", "identifier-missing", expected)])
