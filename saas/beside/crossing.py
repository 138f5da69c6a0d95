"""Over to a chain beside one's own, and back. Nobody logs in there: a session of the one gives way to one of the
other.
"""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response
from uuid_utils.compat import uuid7

from saas.beside.standing import Kind
from saas.errors import DomainError
from saas.login.accounts import enter
from saas.login.tilling import device_of
from saas.pages import see_other
from saas.principal import SYSTEM
from saas.scope import connection, tenant_scope
from saas.sessions import Session, end_session, session_cookie
from tenants.staff.employ import employ_owner

_Request = Request[Any, Any, Any]

_READY: Final = """
SELECT s.{kind}_id AS id, f.name, f.email FROM {kind} s
  JOIN staff f ON f.tenant_id = s.tenant_id AND f.account_id = $2 AND f.role = 'owner' AND f.left_at IS NULL
 WHERE s.tenant_id = $1 AND s.state = 'ready'"""
# Of two that come over at once the second waits here, and has its place already.
_ONE_BY_ONE: Final = "SELECT FROM tenant AS t WHERE t.tenant_id = $1 FOR NO KEY UPDATE"
_PLACE: Final = "SELECT EXISTS (SELECT FROM platform.account_tenant WHERE tenant_id = $1 AND account_id = $2)"


async def cross_over(
    kind: Kind, request: Request[Any, Any, Any], session: Session, home: str
) -> Response[bytes] | None:
    """Into it, as its owner, at the page `home`; None where there is none, or none yet. Raises DomainError
    `not-permitted` at a shared till: who came back from there would have a session that doesn't lock.
    """
    if session.till_id is not None:
        raise DomainError("not-permitted")
    async with tenant_scope(session.tenant_id, principal=session.principal):
        row = await connection().fetchrow(_READY.format(kind=kind), session.tenant_id, session.account_id)
    if row is None:
        return None
    async with tenant_scope(row["id"], principal=SYSTEM):
        await connection().execute(_ONE_BY_ONE, row["id"])
        if not await connection().fetchval(_PLACE, row["id"], session.account_id):
            await employ_owner(uuid7(), session.account_id, row["name"], row["email"], sample=True)
    return await go(request, session, row["id"], home)


async def go(request: _Request, session: Session, tenant_id: UUID, home: str) -> Response[bytes]:
    """A session of the other chain takes this one's place. Raises DomainError `unauthenticated` for who has no place
    there.
    """
    request_id = request.scope["state"].get("request_id")
    token = await enter(session.account_id, tenant_id, request_id, device_of(request, None))
    await end_session(session.token_hash)
    return see_other(home, cookies=[session_cookie(token)])
