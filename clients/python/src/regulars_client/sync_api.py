"""Every call of the API. Made from the API's description by `make client`: don't change it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, Protocol, TypeVar, Unpack

from regulars_client import types
from regulars_client.call import Call, File, Id, segment, spelled
from regulars_client.pages import Pages

T = TypeVar("T")


class Send(Protocol):
    def __call__(self, call: Call[T]) -> T: ...


class Resource:
    def __init__(self, send: Send) -> None:
        self._send = send


class ProblemTypes(Resource):
    def list(self) -> types.ProblemTypesListAnswer:
        """All problem types.

        Open to everybody.

        `GET /problems`
        """
        return self._send(Call[types.ProblemTypesListAnswer](method="GET", path="/problems"))

    def get(self, code: Id, /) -> types.ProblemTypesGetAnswer:
        """One problem type.

        One problem type; braces stand for what an answer fills in.

        Open to everybody.

        `GET /problems/{code}`
        """
        return self._send(Call[types.ProblemTypesGetAnswer](method="GET", path=f"/problems/{segment(code)}"))


class Templates(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.TemplatesListItem]:
        """Every template with its programme, the variants to choose from, and what it warns about.

        Open to everybody.

        `GET /v1/templates`
        """
        return Pages[types.TemplatesListItem](
            self._send, Call[Any](method="GET", path="/v1/templates", query={"limit": limit, "cursor": cursor})
        )

    def get(self, code: Id, /) -> types.TemplatesGetAnswer:
        """One template with everything that comes with it.

        One template with everything that comes with it: segments, coupons, campaigns, messages, till, tasks. 404 for a code that doesn't exist.

        Open to everybody.

        `GET /v1/templates/{code}`
        """
        return self._send(Call[types.TemplatesGetAnswer](method="GET", path=f"/v1/templates/{segment(code)}"))


class Signup(Resource):
    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.SignUp]) -> types.SignupCreateAnswer:
        """A new chain: tenant in trial with its template's programme, first branch, owner, one admin key.

        With `Idempotency-Key`, the same key and body get the same answer, API key included, for 24 hours.

        Open to everybody.

        `POST /v1/signup`
        """
        return self._send(
            Call[types.SignupCreateAnswer](
                method="POST", path="/v1/signup", body=spelled(body), idempotency_key=idempotency_key
            )
        )


class Sandbox(Resource):
    def get(self) -> types.Sandbox:
        """The chain's sandbox: whether there is one, and how far it is.

        `state`: `none`, `making`, `ready`, `resetting`, `removing`, `failed`. Its `id` is the sandbox's tenant.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/sandbox`
        """
        return self._send(Call[types.Sandbox](method="GET", path="/v1/sandbox"))

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewSandbox]) -> types.Sandbox:
        """Make a sandbox beside the chain.

        A tenant of its own with the chain's rules, offers, texts and branches, and none of its members. A job makes it; `GET /v1/sandbox` tells when it is `ready`. Keys for it come from `POST /v1/sandbox/keys`.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/sandbox`
        """
        return self._send(
            Call[types.Sandbox](method="POST", path="/v1/sandbox", body=spelled(body), idempotency_key=idempotency_key)
        )

    def delete(self) -> None:
        """Remove the sandbox with all that is in it.

        Its keys end, too. Again is fine.

        Scope: `admin`. Not for a key that is bound to branches.

        `DELETE /v1/sandbox`
        """
        self._send(Call[None](method="DELETE", path="/v1/sandbox"))

    def reset(self, *, idempotency_key: str | None = None) -> types.Sandbox:
        """Empty the sandbox and make it anew.

        Set up as the chain is by now, on our own clock again. Its id and its keys stay, but for keys that are bound to branches; webhooks go.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/sandbox/reset`
        """
        return self._send(Call[types.Sandbox](method="POST", path="/v1/sandbox/reset", idempotency_key=idempotency_key))

    def keys(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewTestKey]) -> types.ApiKey:
        """Issue a key of the sandbox's: the answer shows it, once.

        `rk_test_…`: it works in the sandbox alone, where it is listed and revoked (`/v1/api-keys`).

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/sandbox/keys`
        """
        return self._send(
            Call[types.ApiKey](
                method="POST", path="/v1/sandbox/keys", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def clock(self) -> types.SandboxClock:
        """What the sandbox's clock shows, and its last move.

        With a test key. `fired` are schedules' instants, `ran` and `failed` the jobs that they and others led to, but for what a killed worker hadn't told. `error` says why a move `failed`: `clock-cancelled`, `internal`.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/sandbox/clock`
        """
        return self._send(Call[types.SandboxClock](method="GET", path="/v1/sandbox/clock"))

    def move_clock(self, *, idempotency_key: str | None = None, **body: Unpack[types.Move]) -> types.SandboxClock:
        """Move the sandbox's clock forward.

        With a test key. All that falls due until then happens, in its order and on its day: tiers are decided, points and vouchers expire, campaigns run, tasks come up. A job plays it; the clock shows where it is. Meanwhile nothing else is written: 409 `clock-running`.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/sandbox/clock`
        """
        return self._send(
            Call[types.SandboxClock](
                method="POST", path="/v1/sandbox/clock", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def clock_cancel(self, *, idempotency_key: str | None = None) -> types.SandboxClock:
        """Stop the clock where it has come to.

        With a test key. What was played stays; the move ends as `failed`, its job with the code `clock-cancelled`. One that is over stays as it ended.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/sandbox/clock/cancel`
        """
        return self._send(
            Call[types.SandboxClock](method="POST", path="/v1/sandbox/clock/cancel", idempotency_key=idempotency_key)
        )

    def letters(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.SandboxLettersItem]:
        """What the sandbox would have sent, the newest first.

        With a test key: e-mails and messages to members with their texts, of which the last thousand are kept.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/sandbox/letters`
        """
        return Pages[types.SandboxLettersItem](
            self._send, Call[Any](method="GET", path="/v1/sandbox/letters", query={"limit": limit, "cursor": cursor})
        )


class Tenant(Resource):
    def get(self) -> types.Tenant:
        """The key's own tenant: settings, plan, limits and use.

        Any key.

        `GET /v1/tenant`
        """
        return self._send(Call[types.Tenant](method="GET", path="/v1/tenant"))

    def update(self, *, if_match: str | None = None, **body: Unpack[types.TenantChange]) -> types.Tenant:
        """Change name, locale, time zone, currency, or whether members may share a phone.

        Scope: `admin`. Not for a key that is bound to branches.

        `PATCH /v1/tenant`
        """
        return self._send(
            Call[types.Tenant](method="PATCH", path="/v1/tenant", body=spelled(body), headers={"If-Match": if_match})
        )


class Branches(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Branch]:
        """Branches, the oldest first.

        Any key.

        `GET /v1/branches`
        """
        return Pages[types.Branch](
            self._send, Call[Any](method="GET", path="/v1/branches", query={"limit": limit, "cursor": cursor})
        )

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewBranch]) -> types.Branch:
        """Open a branch.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/branches`
        """
        return self._send(
            Call[types.Branch](method="POST", path="/v1/branches", body=spelled(body), idempotency_key=idempotency_key)
        )

    def get(self, branch_id: Id, /) -> types.Branch:
        """One branch.

        Any key.

        `GET /v1/branches/{branch_id}`
        """
        return self._send(Call[types.Branch](method="GET", path=f"/v1/branches/{segment(branch_id)}"))

    def update(
        self, branch_id: Id, /, *, if_match: str | None = None, **body: Unpack[types.BranchChange]
    ) -> types.Branch:
        """Rename, close or reopen a branch.

        Scope: `admin`.

        `PATCH /v1/branches/{branch_id}`
        """
        return self._send(
            Call[types.Branch](
                method="PATCH",
                path=f"/v1/branches/{segment(branch_id)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )


class Staff(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Staff]:
        """Who works here or is invited, the oldest first.

        Scope: `admin`.

        `GET /v1/staff`
        """
        return Pages[types.Staff](
            self._send, Call[Any](method="GET", path="/v1/staff", query={"limit": limit, "cursor": cursor})
        )

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewStaff]) -> types.StaffInvite:
        """Invite somebody: the answer shows the link, once.

        Scope: `admin`.

        `POST /v1/staff`
        """
        return self._send(
            Call[types.StaffInvite](
                method="POST", path="/v1/staff", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def get(self, staff_id: Id, /) -> types.Staff:
        """One of staff, also who has left.

        Scope: `admin`.

        `GET /v1/staff/{staff_id}`
        """
        return self._send(Call[types.Staff](method="GET", path=f"/v1/staff/{segment(staff_id)}"))

    def update(self, staff_id: Id, /, *, if_match: str | None = None, **body: Unpack[types.StaffChange]) -> types.Staff:
        """Change name, role or branches; counts at once.

        Scope: `admin`.

        `PATCH /v1/staff/{staff_id}`
        """
        return self._send(
            Call[types.Staff](
                method="PATCH",
                path=f"/v1/staff/{segment(staff_id)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )

    def delete(self, staff_id: Id, /, *, if_match: str | None = None) -> None:
        """Remove somebody, or withdraw an invitation; again is fine.

        Scope: `admin`.

        `DELETE /v1/staff/{staff_id}`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/staff/{segment(staff_id)}", headers={"If-Match": if_match}))

    def invite_again(self, staff_id: Id, /, *, idempotency_key: str | None = None) -> types.StaffInvite:
        """A new link; the old one is dead.

        Scope: `admin`.

        `POST /v1/staff/{staff_id}/invite`
        """
        return self._send(
            Call[types.StaffInvite](
                method="POST", path=f"/v1/staff/{segment(staff_id)}/invite", idempotency_key=idempotency_key
            )
        )

    def delete_second_factor(self, staff_id: Id, /) -> None:
        """Take a lost second factor away; told by mail.

        Scope: `admin`. Not for a key that is bound to branches.

        `DELETE /v1/staff/{staff_id}/second-factor`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/staff/{segment(staff_id)}/second-factor"))

    def delete_sessions(self, staff_id: Id, /) -> None:
        """Log somebody out on every device; again is fine.

        Scope: `admin`. Not for a key that is bound to branches.

        `DELETE /v1/staff/{staff_id}/sessions`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/staff/{segment(staff_id)}/sessions"))


class StaffRules(Resource):
    def get(self) -> types.StaffRulesGetAnswer:
        """What clerks may do alone, and who needs a second factor.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/staff-rules`
        """
        return self._send(Call[types.StaffRulesGetAnswer](method="GET", path="/v1/staff-rules"))

    def update(self, *, if_match: str | None = None, **body: Unpack[types.RulesChange]) -> types.StaffRulesUpdateAnswer:
        """Change them; counts at once.

        Scope: `admin`. Not for a key that is bound to branches.

        `PATCH /v1/staff-rules`
        """
        return self._send(
            Call[types.StaffRulesUpdateAnswer](
                method="PATCH", path="/v1/staff-rules", body=spelled(body), headers={"If-Match": if_match}
            )
        )


class ApiKeys(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.ApiKeysListItem]:
        """Keys without their secrets, newest first.

        Scope: `admin`.

        `GET /v1/api-keys`
        """
        return Pages[types.ApiKeysListItem](
            self._send, Call[Any](method="GET", path="/v1/api-keys", query={"limit": limit, "cursor": cursor})
        )

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewApiKey]) -> types.ApiKey:
        """Issue a key: the answer shows it, once.

        Scope: `admin`.

        `POST /v1/api-keys`
        """
        return self._send(
            Call[types.ApiKey](method="POST", path="/v1/api-keys", body=spelled(body), idempotency_key=idempotency_key)
        )

    def revoke(self, key_id: Id, /) -> None:
        """Revoke a key; again is fine.

        Scope: `admin`.

        `DELETE /v1/api-keys/{key_id}`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/api-keys/{segment(key_id)}"))


class Approvals(Resource):
    def people(self) -> types.ApprovalsPeopleAnswer:
        """Who may approve for the session that asks, and what its clerks may do alone.

        Scope: `members:read`.

        `GET /v1/approvals/people`
        """
        return self._send(Call[types.ApprovalsPeopleAnswer](method="GET", path="/v1/approvals/people"))

    def create(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.ApprovalBody]
    ) -> types.ApprovalsCreateAnswer:
        """Allows this session one act.

        Allows this session one act: 201 with a token, good once and for two minutes, to be sent with the act in the header `Approval`. Five wrong PINs in a row, and the person has to log in with the password first.

        Scope: `members:read`.

        `POST /v1/approvals`
        """
        return self._send(
            Call[types.ApprovalsCreateAnswer](
                method="POST", path="/v1/approvals", body=spelled(body), idempotency_key=idempotency_key
            )
        )


class Tills(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.TillsListItem]:
        """The chain's shared tills, by branch and name.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/tills`
        """
        return Pages[types.TillsListItem](
            self._send, Call[Any](method="GET", path="/v1/tills", query={"limit": limit, "cursor": cursor})
        )

    def update(self, till_id: Id, /, **body: Unpack[types.TillChange]) -> Any:
        """Counts for whoever works there now, too.

        Scope: `admin`. Not for a key that is bound to branches.

        `PATCH /v1/tills/{till_id}`
        """
        return self._send(Call[Any](method="PATCH", path=f"/v1/tills/{segment(till_id)}", body=spelled(body)))

    def delete(self, till_id: Id, /) -> None:
        """The device is as any other again, and whoever works there is out.

        Scope: `admin`. Not for a key that is bound to branches.

        `DELETE /v1/tills/{till_id}`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/tills/{segment(till_id)}"))


class AuditLog(Resource):
    def list(
        self,
        *,
        limit: int | None = None,
        actor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        cursor: str | None = None,
    ) -> Pages[types.AuditLogListItem]:
        """Audit log, newest first.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/audit-log`
        """
        return Pages[types.AuditLogListItem](
            self._send,
            Call[Any](
                method="GET",
                path="/v1/audit-log",
                query={
                    "limit": limit,
                    "actor": actor,
                    "action": action,
                    "target": target,
                    "since": since,
                    "until": until,
                    "cursor": cursor,
                },
            ),
        )


class Events(Resource):
    def list(
        self, *, limit: int | None = None, cursor: str | None = None, after: int | None = None, type: str | None = None
    ) -> types.EventsListAnswer:
        """The feed of events, by position.

        What happened, in the order of positions, the oldest first; kept for 30 days. `position` is where to go on: ask again with `after=` it, now or later, and nothing is missed. `newest` is the last one there is: who wants only what is to come begins there.

        Scope: `reports:read`, or `webhooks:write`.

        `GET /v1/events`
        """
        return self._send(
            Call[types.EventsListAnswer](
                method="GET", path="/v1/events", query={"limit": limit, "cursor": cursor, "after": after, "type": type}
            )
        )

    def get(self, event_id: Id, /) -> types.Event:
        """One event.

        As the feed shows it, and as a webhook sends it (its `webhook-id` is the event's id).

        Scope: `reports:read`, or `webhooks:write`.

        `GET /v1/events/{event_id}`
        """
        return self._send(Call[types.Event](method="GET", path=f"/v1/events/{segment(event_id)}"))


class EventTypes(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.EventTypesListItem]:
        """Every type of event, with an example.

        What may come in the feed and to webhooks. New types are added without notice: pass by what you don't know.

        Scope: `reports:read`, or `webhooks:write`.

        `GET /v1/event-types`
        """
        return Pages[types.EventTypesListItem](
            self._send, Call[Any](method="GET", path="/v1/event-types", query={"limit": limit, "cursor": cursor})
        )


class Members(Resource):
    def list(
        self,
        *,
        limit: int | None = None,
        phone: str | None = None,
        card_no: str | None = None,
        external_id: str | None = None,
        unionid: str | None = None,
        app_id: str | None = None,
        openid: str | None = None,
        q: str | None = None,
        tier: str | None = None,
        tag: str | None = None,
        segment: str | None = None,
        branch_id: Id | None = None,
        status: Literal["active", "closed", "erased"] | None = None,
        sort: Literal[
            "created", "-created", "name", "-name", "last_visit", "-last_visit", "spend", "-spend", "points", "-points"
        ]
        | None = None,
        cursor: str | None = None,
    ) -> Pages[types.Member]:
        """Members, the newest first or in another order.

        With `segment` or `sort` a page may be shorter than `limit` and still have a `next_cursor`: go on there.

        Scope: `members:read`.

        `GET /v1/members`
        """
        return Pages[types.Member](
            self._send,
            Call[Any](
                method="GET",
                path="/v1/members",
                query={
                    "limit": limit,
                    "phone": phone,
                    "card_no": card_no,
                    "external_id": external_id,
                    "unionid": unionid,
                    "app_id": app_id,
                    "openid": openid,
                    "q": q,
                    "tier": tier,
                    "tag": tag,
                    "segment": segment,
                    "branch_id": branch_id,
                    "status": status,
                    "sort": sort,
                    "cursor": cursor,
                },
            ),
        )

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewMember]) -> types.Member:
        """Enrol a member.

        Scope: `members:write`.

        `POST /v1/members`
        """
        return self._send(
            Call[types.Member](method="POST", path="/v1/members", body=spelled(body), idempotency_key=idempotency_key)
        )

    def create_batch(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.MembersCreateBatchBody]
    ) -> types.MembersCreateBatchAnswer:
        """Enrol up to 1,000 members, an outcome each.

        Scope: `members:write`.

        `POST /v1/members:batch`
        """
        return self._send(
            Call[types.MembersCreateBatchAnswer](
                method="POST", path="/v1/members:batch", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def get(self, member_id: Id, /) -> types.Member:
        """One member.

        The id of a record that was merged leads to the survivor.

        Scope: `members:read`.

        `GET /v1/members/{member_id}`
        """
        return self._send(Call[types.Member](method="GET", path=f"/v1/members/{segment(member_id)}"))

    def update(
        self, member_id: Id, /, *, if_match: str | None = None, **body: Unpack[types.MemberChange]
    ) -> types.Member:
        """Change a member.

        `If-Match` is about the profile: what the member buys or earns meanwhile is in nobody's way.

        Scope: `members:write`.

        `PATCH /v1/members/{member_id}`
        """
        return self._send(
            Call[types.Member](
                method="PATCH",
                path=f"/v1/members/{segment(member_id)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )

    def delete(self, member_id: Id, /) -> None:
        """The member leaves (退会).

        Identifiers are free again, consents end, nothing more is recorded; the history stays readable.

        Scope: `members:write`.

        `DELETE /v1/members/{member_id}`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/members/{segment(member_id)}"))

    def erase(self, member_id: Id, /, *, idempotency_key: str | None = None) -> types.Member:
        """Personal data gone, for good.

        With every record that was merged into this one. Purchases and decisions stay, under an id that names nobody.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/members/{member_id}/erase`
        """
        return self._send(
            Call[types.Member](
                method="POST", path=f"/v1/members/{segment(member_id)}/erase", idempotency_key=idempotency_key
            )
        )

    def consents(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.MembersConsentsItem]:
        """What the member agreed to, the newest first.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/consents`
        """
        return Pages[types.MembersConsentsItem](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/consents",
                query={"limit": limit, "cursor": cursor},
            ),
        )

    def changes(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.MembersChangesItem]:
        """Changes of phone, joining day and referrer.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/changes`
        """
        return Pages[types.MembersChangesItem](
            self._send,
            Call[Any](
                method="GET", path=f"/v1/members/{segment(member_id)}/changes", query={"limit": limit, "cursor": cursor}
            ),
        )

    def merge(
        self, member_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.MergeBody]
    ) -> types.Member:
        """Merge another record of the same person into this one.

        The survivor. It has the facts of both, the earliest joining day, the higher tiers, every identifier, and only the consents that both had given.

        Scope: `members:write`.

        `POST /v1/members/{member_id}/merge`
        """
        return self._send(
            Call[types.Member](
                method="POST",
                path=f"/v1/members/{segment(member_id)}/merge",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def messages(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.MembersMessagesItem]:
        """What was sent to the member, the newest first, without its text.

        `state`: `queued`, `sent` (the gateway took it), `failed` or `skipped` (never written) with an `error`.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/messages`
        """
        return Pages[types.MembersMessagesItem](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/messages",
                query={"limit": limit, "cursor": cursor},
            ),
        )

    def create_wallet_code(
        self, member_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.QrBody]
    ) -> types.MembersCreateWalletCodeAnswer:
        """A one-minute code for the member's digital card.

        It names the member at the till and consents to one payment from the wallet. The answer isn't kept: a repeat with the same Idempotency-Key answers `secret-shown-once`.

        Scope: `wallet:confirm`.

        `POST /v1/members/{member_id}/wallet-codes`
        """
        return self._send(
            Call[types.MembersCreateWalletCodeAnswer](
                method="POST",
                path=f"/v1/members/{segment(member_id)}/wallet-codes",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def send_wallet_code(
        self, member_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.SmsBody]
    ) -> types.MembersSendWalletCodeAnswer:
        """Send the member a code for one payment, by SMS.

        Six digits that hold for five minutes and end the ones before; three in fifteen minutes at most.

        Scope: `purchases:write`.

        `POST /v1/members/{member_id}/wallet-codes/sms`
        """
        return self._send(
            Call[types.MembersSendWalletCodeAnswer](
                method="POST",
                path=f"/v1/members/{segment(member_id)}/wallet-codes/sms",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def set_pin(self, member_id: Id, /, **body: Unpack[types.PinBody]) -> None:
        """Set the member's PIN.

        Hashed between two scopes: argon2 takes its time on purpose, and no lock waits for it.

        Scope: `wallet:confirm`.

        `PUT /v1/members/{member_id}/pin`
        """
        self._send(Call[None](method="PUT", path=f"/v1/members/{segment(member_id)}/pin", body=spelled(body)))

    def delete_pin(self, member_id: Id, /) -> None:
        """Take the member's PIN away; again is fine.

        Scope: `wallet:confirm`.

        `DELETE /v1/members/{member_id}/pin`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/members/{segment(member_id)}/pin"))

    def cards(self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Card]:
        """All cards the member ever had, newest first.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/cards`
        """
        return Pages[types.Card](
            self._send,
            Call[Any](
                method="GET", path=f"/v1/members/{segment(member_id)}/cards", query={"limit": limit, "cursor": cursor}
            ),
        )

    def add_card(
        self, member_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.NewCard]
    ) -> types.Card:
        """Give the member one more card.

        It is the member's `card_no` from now on; those before it stay active.

        Scope: `members:write`.

        `POST /v1/members/{member_id}/cards`
        """
        return self._send(
            Call[types.Card](
                method="POST",
                path=f"/v1/members/{segment(member_id)}/cards",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def card_link(self, member_id: Id, /, *, idempotency_key: str | None = None) -> types.MembersCardLinkAnswer:
        """The address of the member's digital card.

        For the member alone: who has it sees the card without a log-in. The same one until it is ended; the answer isn't kept: a repeat with the same Idempotency-Key answers `secret-shown-once`.

        Scope: `members:write`.

        `POST /v1/members/{member_id}/card-link`
        """
        return self._send(
            Call[types.MembersCardLinkAnswer](
                method="POST", path=f"/v1/members/{segment(member_id)}/card-link", idempotency_key=idempotency_key
            )
        )

    def end_card_link(self, member_id: Id, /) -> None:
        """Links to the digital card given out so far end.

        For a lost phone, or a link that went astray. The next POST gives a new one.

        Scope: `members:write`.

        `DELETE /v1/members/{member_id}/card-link`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/members/{segment(member_id)}/card-link"))

    def agreements(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.MembersAgreementsItem]:
        """What the member agreed to when it joined.

        The very words, the newest first. `mark`: the version of the text, the head of its SHA-256.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/agreements`
        """
        return Pages[types.MembersAgreementsItem](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/agreements",
                query={"limit": limit, "cursor": cursor},
            ),
        )

    def passes(self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Pass]:
        """A member's passes, the newest first.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/passes`
        """
        return Pages[types.Pass](
            self._send,
            Call[Any](
                method="GET", path=f"/v1/members/{segment(member_id)}/passes", query={"limit": limit, "cursor": cursor}
            ),
        )

    def purchases(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.MembersPurchasesItem]:
        """The member's purchases, the last recorded first.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/purchases`
        """
        return Pages[types.MembersPurchasesItem](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/purchases",
                query={"limit": limit, "cursor": cursor},
            ),
        )

    def wallet(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> types.MembersWalletAnswer:
        """Balances, the top-ups with something left (oldest first), and the movements, the newest first.

        Balances, the top-ups with something left (oldest first), and the movements, the newest first; those of records merged into this one too.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/wallet`
        """
        return self._send(
            Call[types.MembersWalletAnswer](
                method="GET", path=f"/v1/members/{segment(member_id)}/wallet", query={"limit": limit, "cursor": cursor}
            )
        )

    def activities(
        self, member_id: Id, /, *, limit: int | None = None, kind: str | None = None, cursor: str | None = None
    ) -> Pages[types.MembersActivitiesItem]:
        """What the member did, the last recorded first.

        Values of health measurements need `health:read`.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/activities`
        """
        return Pages[types.MembersActivitiesItem](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/activities",
                query={"limit": limit, "kind": kind, "cursor": cursor},
            ),
        )

    def points(self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None) -> types.PointsBalance:
        """The member's points, and what happened to them, the newest first.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/points`
        """
        return self._send(
            Call[types.PointsBalance](
                method="GET", path=f"/v1/members/{segment(member_id)}/points", query={"limit": limit, "cursor": cursor}
            )
        )

    def referrals(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.MembersReferralsItem]:
        """Whom the member brought, and when each counted.

        Whom the member brought, and when each counted: on the day of its first purchase.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/referrals`
        """
        return Pages[types.MembersReferralsItem](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/referrals",
                query={"limit": limit, "cursor": cursor},
            ),
        )

    def allowances(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.AllowanceData]:
        """Free uses and what is left of them.

        Those of the tiers that the member holds, each in its present period (`from` to `to`, local days).

        Scope: `members:read`.

        `GET /v1/members/{member_id}/allowances`
        """
        return Pages[types.AllowanceData](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/allowances",
                query={"limit": limit, "cursor": cursor},
            ),
        )

    def use_allowance(
        self,
        member_id: Id,
        product: Id,
        /,
        *,
        idempotency_key: str | None = None,
        **body: Unpack[types.AllowancesUseBody],
    ) -> types.AllowanceUse:
        """Use an allowance.

        201, or 200 where this `external_id` had been recorded. 409 `allowance-used-up` where nothing is left.

        Scope: `purchases:write`.

        `POST /v1/members/{member_id}/allowances/{product}/use`
        """
        return self._send(
            Call[types.AllowanceUse](
                method="POST",
                path=f"/v1/members/{segment(member_id)}/allowances/{segment(product)}/use",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def undo_allowance_use(
        self, member_id: Id, product: Id, use_id: Id, /, *, idempotency_key: str | None = None
    ) -> types.AllowanceUse:
        """Take a use back.

        It counts no more in its period. Taking it back again changes nothing.

        Scope: `purchases:write`.

        `POST /v1/members/{member_id}/allowances/{product}/uses/{use_id}/undo`
        """
        return self._send(
            Call[types.AllowanceUse](
                method="POST",
                path=f"/v1/members/{segment(member_id)}/allowances/{segment(product)}/uses/{segment(use_id)}/undo",
                idempotency_key=idempotency_key,
            )
        )

    def coupons(
        self,
        member_id: Id,
        /,
        *,
        limit: int | None = None,
        state: Literal["open", "used", "void", "expired"] | None = None,
        cursor: str | None = None,
    ) -> Pages[types.CouponGrant]:
        """A member's coupons, the newest first.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/coupons`
        """
        return Pages[types.CouponGrant](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/coupons",
                query={"limit": limit, "state": state, "cursor": cursor},
            ),
        )

    def claims(
        self,
        member_id: Id,
        /,
        *,
        limit: int | None = None,
        state: Literal["claimed", "collected", "cancelled"] | None = None,
        cursor: str | None = None,
    ) -> Pages[types.Claim]:
        """What a member claimed, the newest first.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/claims`
        """
        return Pages[types.Claim](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/claims",
                query={"limit": limit, "state": state, "cursor": cursor},
            ),
        )

    def tier(self, member_id: Id, /, *, ladder: str | None = None) -> types.TierExplanation:
        """Why the member is in its tier and what is missing to the next, on one ladder (default.

        Why the member is in its tier and what is missing to the next, on one ladder (default: the main one); its sentences follow Accept-Language.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/tier`
        """
        return self._send(
            Call[types.TierExplanation](
                method="GET", path=f"/v1/members/{segment(member_id)}/tier", query={"ladder": ladder}
            )
        )

    def set_tier(self, member_id: Id, /, **body: Unpack[types.TierBody]) -> types.HeldTier:
        """Sets the member's tier by hand.

        It holds until `locked_until`; a raised member may still rise, a lowered one stays. The same again changes nothing.

        Scope: `members:write`.

        `PUT /v1/members/{member_id}/tier`
        """
        return self._send(
            Call[types.HeldTier](method="PUT", path=f"/v1/members/{segment(member_id)}/tier", body=spelled(body))
        )

    def unlock_tier(self, member_id: Id, /, *, ladder: str | None = None) -> types.HeldTier:
        """Ends the lock of a tier set by hand (default.

        Ends the lock of a tier set by hand (default: on the main ladder): the rules decide at once.

        Scope: `members:write`.

        `DELETE /v1/members/{member_id}/tier`
        """
        return self._send(
            Call[types.HeldTier](
                method="DELETE", path=f"/v1/members/{segment(member_id)}/tier", query={"ladder": ladder}
            )
        )

    def decisions(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.MembersDecisionsItem]:
        """The member's decisions, the newest first, each with the values that caused it.

        The member's decisions, the newest first, each with the values that caused it; those of the records that were merged into it too, under their own ids.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/decisions`
        """
        return Pages[types.MembersDecisionsItem](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/decisions",
                query={"limit": limit, "cursor": cursor},
            ),
        )

    def timeline(
        self, member_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.MembersTimelineItem]:
        """What happened to the member, the last recorded first.

        What happened to the member, the last recorded first: purchases, activities and decisions, each by its `type` and, as `data`, as it stands in its own list. `at`: when it happened.

        Scope: `members:read`.

        `GET /v1/members/{member_id}/timeline`
        """
        return Pages[types.MembersTimelineItem](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/members/{segment(member_id)}/timeline",
                query={"limit": limit, "cursor": cursor},
            ),
        )


class Messages(Resource):
    def list(
        self,
        *,
        limit: int | None = None,
        channel: Literal["sms", "email", "wechat", "push"] | None = None,
        state: Literal["queued", "sent", "failed", "skipped"] | None = None,
        purpose: str | None = None,
        member_id: Id | None = None,
        cursor: str | None = None,
    ) -> Pages[types.MessagesListItem]:
        """What was sent in the whole chain, and what wasn't and why, the newest first, without its text.

        `error` of `skipped`: `no-consent`, `no-address` (no phone, no WeChat account), `no-way` (nothing is sent by the channel), `member-left`; of `failed`: `consent-withdrawn`, `too-late`, `member-left`, `no-answer`, `unreadable`, or what the gateway answered.

        Scope: `members:read`.

        `GET /v1/messages`
        """
        return Pages[types.MessagesListItem](
            self._send,
            Call[Any](
                method="GET",
                path="/v1/messages",
                query={
                    "limit": limit,
                    "channel": channel,
                    "state": state,
                    "purpose": purpose,
                    "member_id": member_id,
                    "cursor": cursor,
                },
            ),
        )


class Cards(Resource):
    def report_lost(self, card_no: Id, /, *, idempotency_key: str | None = None) -> types.Card:
        """The card was lost.

        A till that reads it is answered 409 `card-lost`. Again is fine.

        Scope: `members:write`.

        `POST /v1/cards/{card_no}/report-lost`
        """
        return self._send(
            Call[types.Card](
                method="POST", path=f"/v1/cards/{segment(card_no)}/report-lost", idempotency_key=idempotency_key
            )
        )

    def replace(
        self, card_no: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.Replacement]
    ) -> types.Card:
        """A new card in its place.

        The new card. The old one, lost or worn, leads to nobody any more.

        Scope: `members:write`.

        `POST /v1/cards/{card_no}/replace`
        """
        return self._send(
            Call[types.Card](
                method="POST",
                path=f"/v1/cards/{segment(card_no)}/replace",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def qr_svg(self, card_no: Id, /) -> bytes:
        """The number as a QR code, to print on a card.

        Scope: `members:read`.

        `GET /v1/cards/{card_no}/qr.svg`
        """
        return self._send(Call[bytes](method="GET", path=f"/v1/cards/{segment(card_no)}/qr.svg", raw=True))


class JoinCodes(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.JoinCode]:
        """The sign-up pages that are open.

        Scope: `members:write`.

        `GET /v1/join-codes`
        """
        return Pages[types.JoinCode](
            self._send, Call[Any](method="GET", path="/v1/join-codes", query={"limit": limit, "cursor": cursor})
        )

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.JoinCodeBody]) -> types.JoinCode:
        """The address of a branch's sign-up page.

        The same one until it is ended.

        Scope: `members:write`.

        `POST /v1/join-codes`
        """
        return self._send(
            Call[types.JoinCode](
                method="POST", path="/v1/join-codes", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def delete(self, code: Id, /) -> None:
        """Posters with this code lead nowhere any more.

        Scope: `members:write`.

        `DELETE /v1/join-codes/{code}`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/join-codes/{segment(code)}"))


class Passes(Resource):
    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.PassBody]) -> types.Pass:
        """Sell a pass.

        201, or 200 with the first answer where the same content had been recorded.

        Scope: `wallet:write`.

        `POST /v1/passes`
        """
        return self._send(
            Call[types.Pass](method="POST", path="/v1/passes", body=spelled(body), idempotency_key=idempotency_key)
        )

    def get(self, pass_id: Id, /) -> types.Pass:
        """One pass.

        Scope: `members:read`.

        `GET /v1/passes/{pass_id}`
        """
        return self._send(Call[types.Pass](method="GET", path=f"/v1/passes/{segment(pass_id)}"))

    def entries(
        self, pass_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.PassesEntriesItem]:
        """Sale, uses and refunds, the newest first.

        Scope: `members:read`.

        `GET /v1/passes/{pass_id}/entries`
        """
        return Pages[types.PassesEntriesItem](
            self._send,
            Call[Any](
                method="GET", path=f"/v1/passes/{segment(pass_id)}/entries", query={"limit": limit, "cursor": cursor}
            ),
        )

    def use(
        self, pass_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.PassesUseBody]
    ) -> types.PassRefund:
        """A visit, or several.

        Scope: `wallet:write`.

        `POST /v1/passes/{pass_id}/use`
        """
        return self._send(
            Call[types.PassRefund](
                method="POST",
                path=f"/v1/passes/{segment(pass_id)}/use",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def undo_use(
        self, pass_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.PassesUndoBody]
    ) -> types.PassRefund:
        """Take back a use within 15 minutes.

        Only by who entered it. Again is fine: 200 with the same answer.

        Scope: `wallet:write`.

        `POST /v1/passes/{pass_id}/undo-use`
        """
        return self._send(
            Call[types.PassRefund](
                method="POST",
                path=f"/v1/passes/{segment(pass_id)}/undo-use",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def refund(
        self, pass_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.PassesRefundBody]
    ) -> types.PassRefund:
        """Pay unused visits back, pro rata.

        The money to hand over is minus the entry's `amount`.

        Scope: `wallet:write`.

        `POST /v1/passes/{pass_id}/refund`
        """
        return self._send(
            Call[types.PassRefund](
                method="POST",
                path=f"/v1/passes/{segment(pass_id)}/refund",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )


class Quotes(Resource):
    def create(self, **body: Unpack[types.TicketBody]) -> types.Quote:
        """What a basket would cost and earn if it were bought now.

        Writes nothing.

        Scope: `purchases:write`.

        `POST /v1/quotes`
        """
        return self._send(Call[types.Quote](method="POST", path="/v1/quotes", body=spelled(body), reads=True))


class Purchases(Resource):
    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.PurchaseBody]) -> types.Purchase:
        """Records a purchase.

        Records a purchase: 201, or 200 with the first answer where the same content had been recorded.

        Scope: `purchases:write`.

        `POST /v1/purchases`
        """
        return self._send(
            Call[types.Purchase](
                method="POST", path="/v1/purchases", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def create_batch(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.PurchasesCreateBatchBody]
    ) -> types.PurchasesCreateBatchAnswer:
        """Up to 1,000 purchases in the order given.

        Up to 1,000 purchases in the order given; an outcome for each, in the same order.

        Scope: `purchases:write`.

        `POST /v1/purchases:batch`
        """
        return self._send(
            Call[types.PurchasesCreateBatchAnswer](
                method="POST", path="/v1/purchases:batch", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def get(self, purchase_id: Id, /) -> types.Purchase:
        """One purchase, with the tiers that it decided.

        Scope: `members:read`.

        `GET /v1/purchases/{purchase_id}`
        """
        return self._send(Call[types.Purchase](method="GET", path=f"/v1/purchases/{segment(purchase_id)}"))

    def refunds(
        self, purchase_id: Id, /, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[types.PurchaseRefund]:
        """The purchase's refunds, the last recorded first.

        Scope: `members:read`.

        `GET /v1/purchases/{purchase_id}/refunds`
        """
        return Pages[types.PurchaseRefund](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/purchases/{segment(purchase_id)}/refunds",
                query={"limit": limit, "cursor": cursor},
            ),
        )

    def refund(
        self, purchase_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.RefundsRefundBody]
    ) -> types.PurchaseRefund:
        """Gives back all or part.

        Gives back all or part: 201, or 200 with the first answer where the same content had been recorded.

        Scope: `purchases:write`.

        `POST /v1/purchases/{purchase_id}/refunds`
        """
        return self._send(
            Call[types.PurchaseRefund](
                method="POST",
                path=f"/v1/purchases/{segment(purchase_id)}/refunds",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def undo(
        self, purchase_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.UndoUndoBody]
    ) -> types.PurchasesUndoAnswer:
        """Takes one's own last purchase back, for 15 minutes.

        What was undone before is answered the same again.

        Scope: `purchases:write`.

        `POST /v1/purchases/{purchase_id}/undo`
        """
        return self._send(
            Call[types.PurchasesUndoAnswer](
                method="POST",
                path=f"/v1/purchases/{segment(purchase_id)}/undo",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )


class Wallet(Resource):
    def undo_top_up(
        self, top_up_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.UndoUndoBody]
    ) -> types.WalletUndoTopUpAnswer:
        """Takes one's own last top-up back, for 15 minutes, unless something of it was used.

        Scope: `wallet:write`.

        `POST /v1/wallet/top-ups/{top_up_id}/undo`
        """
        return self._send(
            Call[types.WalletUndoTopUpAnswer](
                method="POST",
                path=f"/v1/wallet/top-ups/{segment(top_up_id)}/undo",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def top_up(self, *, idempotency_key: str | None = None, **body: Unpack[types.TopUpBody]) -> types.WalletTopUp:
        """Pays into a wallet.

        Pays into a wallet: 201, or 200 with the first answer where the same content had been recorded.

        Scope: `wallet:write`.

        `POST /v1/wallet/top-ups`
        """
        return self._send(
            Call[types.WalletTopUp](
                method="POST", path="/v1/wallet/top-ups", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def get_top_up(self, top_up_id: Id, /) -> types.WalletTopUp:
        """One top-up as it was answered first, with the tiers that it decided.

        Scope: `members:read`.

        `GET /v1/wallet/top-ups/{top_up_id}`
        """
        return self._send(Call[types.WalletTopUp](method="GET", path=f"/v1/wallet/top-ups/{segment(top_up_id)}"))

    def refund(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.WalletRefundBody]
    ) -> types.WalletRefund:
        """Pays principal back, of one top-up or the newest first.

        Pays principal back, of one top-up or the newest first: 201, or 200 with the first answer. A whole top-up of which nothing was spent is `cooling_off` for as many days as the programme gives; who has left is paid back too.

        Scope: `wallet:write`.

        `POST /v1/wallet/refunds`
        """
        return self._send(
            Call[types.WalletRefund](
                method="POST", path="/v1/wallet/refunds", body=spelled(body), idempotency_key=idempotency_key
            )
        )


class Reports(Resource):
    def shifts(self, *, from_: str, to: str, branch_id: Id | None = None) -> types.ReportsShiftsAnswer:
        """What each clerk took and gave back at each branch, by way of payment.

        What each clerk took and gave back at each branch, by way of payment; what was undone stands apart.

        Scope: `reports:read`.

        `GET /v1/reports/shifts`
        """
        return self._send(
            Call[types.ReportsShiftsAnswer](
                method="GET", path="/v1/reports/shifts", query={"from": from_, "to": to, "branch_id": branch_id}
            )
        )

    def shifts_csv(self, *, from_: str, to: str, branch_id: Id | None = None) -> bytes:
        """The same as a table.

        The same as a table: a line for each kind and way of payment, amounts in whole currency units.

        Scope: `reports:read`.

        `GET /v1/reports/shifts.csv`
        """
        return self._send(
            Call[bytes](
                method="GET",
                path="/v1/reports/shifts.csv",
                query={"from": from_, "to": to, "branch_id": branch_id},
                raw=True,
            )
        )

    def settlement(
        self, *, from_: str | date, to: str | date, branch_id: Id | None = None
    ) -> types.ReportsSettlementAnswer:
        """What branches owe each other for stored value paid in at one and used at another.

        `holder` took the money, `place` gave goods (`principal`, `bonus`) or money (`paid_out`) for it; the holder owes `net`, the money. The branches' balances sum to 0. A key of some branches sees what concerns these.

        Scope: `reports:read`.

        `GET /v1/reports/settlement`
        """
        return self._send(
            Call[types.ReportsSettlementAnswer](
                method="GET", path="/v1/reports/settlement", query={"from": from_, "to": to, "branch_id": branch_id}
            )
        )

    def settlement_csv(self, *, from_: str | date, to: str | date, branch_id: Id | None = None) -> bytes:
        """The pairs as a table, amounts in whole currency units.

        Scope: `reports:read`.

        `GET /v1/reports/settlement.csv`
        """
        return self._send(
            Call[bytes](
                method="GET",
                path="/v1/reports/settlement.csv",
                query={"from": from_, "to": to, "branch_id": branch_id},
                raw=True,
            )
        )

    def overview(
        self, *, from_: str | date | None = None, to: str | date | None = None, branch_id: Id | None = None
    ) -> types.ReportsOverviewAnswer:
        """Members, sales and buyers over some days, whole and by day, week or month.

        Sales are net of refunds, which count on the day of their purchase; what was undone counts nowhere.

        Scope: `reports:read`.

        `GET /v1/reports/overview`
        """
        return self._send(
            Call[types.ReportsOverviewAnswer](
                method="GET", path="/v1/reports/overview", query={"from": from_, "to": to, "branch_id": branch_id}
            )
        )

    def tier_mix(
        self, *, from_: str | date | None = None, to: str | date | None = None, branch_id: Id | None = None
    ) -> types.ReportsTierMixAnswer:
        """Of each ladder, how many of today's members held each tier at the end of each day, week or month.

        Scope: `reports:read`.

        `GET /v1/reports/tier-mix`
        """
        return self._send(
            Call[types.ReportsTierMixAnswer](
                method="GET", path="/v1/reports/tier-mix", query={"from": from_, "to": to, "branch_id": branch_id}
            )
        )

    def movements(
        self, *, from_: str | date | None = None, to: str | date | None = None, branch_id: Id | None = None
    ) -> types.ReportsMovementsAnswer:
        """Who rose, fell, or was held for another term.

        Who rose, fell, or was held for another term: the decisions of these days, from tier to tier.

        Scope: `reports:read`.

        `GET /v1/reports/movements`
        """
        return self._send(
            Call[types.ReportsMovementsAnswer](
                method="GET", path="/v1/reports/movements", query={"from": from_, "to": to, "branch_id": branch_id}
            )
        )

    def rfm(
        self, *, from_: str | date | None = None, to: str | date | None = None, branch_id: Id | None = None
    ) -> types.ReportsRfmAnswer:
        """Recency, frequency and monetary value, as of `to`.

        Recency, frequency and monetary value, as of `to`: of the whole life without `from`, else of these days.

        Scope: `reports:read`.

        `GET /v1/reports/rfm`
        """
        return self._send(
            Call[types.ReportsRfmAnswer](
                method="GET", path="/v1/reports/rfm", query={"from": from_, "to": to, "branch_id": branch_id}
            )
        )

    def cohorts(
        self, *, from_: str | date | None = None, to: str | date | None = None, branch_id: Id | None = None
    ) -> types.ReportsCohortsAnswer:
        """Members by the month of their first purchase, and how many of them bought in each month after.

        Scope: `reports:read`.

        `GET /v1/reports/cohorts`
        """
        return self._send(
            Call[types.ReportsCohortsAnswer](
                method="GET", path="/v1/reports/cohorts", query={"from": from_, "to": to, "branch_id": branch_id}
            )
        )

    def pareto(
        self,
        *,
        from_: str | date | None = None,
        to: str | date | None = None,
        branch_id: Id | None = None,
        percent: int | None = None,
    ) -> types.ReportsParetoAnswer:
        """The smallest set of members that makes `percent` of what members spent in these days.

        Scope: `reports:read`.

        `GET /v1/reports/pareto`
        """
        return self._send(
            Call[types.ReportsParetoAnswer](
                method="GET",
                path="/v1/reports/pareto",
                query={"from": from_, "to": to, "branch_id": branch_id, "percent": percent},
            )
        )

    def branches(
        self, *, from_: str | date | None = None, to: str | date | None = None, branch_id: Id | None = None
    ) -> types.ReportsBranchesAnswer:
        """The branches side by side.

        Scope: `reports:read`.

        `GET /v1/reports/branches`
        """
        return self._send(
            Call[types.ReportsBranchesAnswer](
                method="GET", path="/v1/reports/branches", query={"from": from_, "to": to, "branch_id": branch_id}
            )
        )

    def liability(
        self, *, from_: str | date | None = None, to: str | date | None = None
    ) -> types.ReportsLiabilityAnswer:
        """Points and stored value that the chain owes its members.

        It is the whole chain's: for callers of every branch.

        Scope: `reports:read`.

        `GET /v1/reports/liability`
        """
        return self._send(
            Call[types.ReportsLiabilityAnswer](
                method="GET", path="/v1/reports/liability", query={"from": from_, "to": to}
            )
        )

    def tasks(
        self, *, from_: str, to: str, branch_id: Id | Literal["none"] | None = None, rule: str | None = None
    ) -> types.ReportsTasksAnswer:
        """What was done, and who came back.

        By rule, branch and clerk. `returns` sets the members whose task was done beside those whose task wasn't: a comparison, no proof, for whoever is called is no sample by chance.

        Scope: `reports:read`.

        `GET /v1/reports/tasks`
        """
        return self._send(
            Call[types.ReportsTasksAnswer](
                method="GET",
                path="/v1/reports/tasks",
                query={"from": from_, "to": to, "branch_id": branch_id, "rule": rule},
            )
        )


class Activities(Resource):
    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.ActivityBody]) -> types.Activity:
        """Records an activity.

        Records an activity: 201, or 200 with the first answer where the same content had been recorded.

        Scope: `purchases:write`.

        `POST /v1/activities`
        """
        return self._send(
            Call[types.Activity](
                method="POST", path="/v1/activities", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def create_batch(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.ActivitiesCreateBatchBody]
    ) -> types.ActivitiesCreateBatchAnswer:
        """Up to 1,000 activities in the order given.

        Up to 1,000 activities in the order given; an outcome for each, in the same order.

        Scope: `purchases:write`.

        `POST /v1/activities:batch`
        """
        return self._send(
            Call[types.ActivitiesCreateBatchAnswer](
                method="POST", path="/v1/activities:batch", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def get(self, activity_id: Id, /) -> types.Activity:
        """One activity, with the tiers that it decided.

        Values of health measurements need `health:read`.

        Scope: `members:read`.

        `GET /v1/activities/{activity_id}`
        """
        return self._send(Call[types.Activity](method="GET", path=f"/v1/activities/{segment(activity_id)}"))


class Points(Resource):
    def adjust(self, *, idempotency_key: str | None = None, **body: Unpack[types.AdjustBody]) -> types.PointAdjust:
        """Gives points by hand (above 0), or takes them (below 0).

        Gives points by hand (above 0), or takes them (below 0): 201, or 200 with the first answer where the same `external_id` had been recorded with the same content.

        Scope: `points:write`.

        `POST /v1/points/adjust`
        """
        return self._send(
            Call[types.PointAdjust](
                method="POST", path="/v1/points/adjust", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def redeem(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.PointsRedeemBody]
    ) -> types.PointAdjust:
        """Spends points at the counter, without a purchase.

        Spends points at the counter, without a purchase: 201, or 200 with the first answer as above.

        Scope: `points:write`.

        `POST /v1/points/redeem`
        """
        return self._send(
            Call[types.PointAdjust](
                method="POST", path="/v1/points/redeem", body=spelled(body), idempotency_key=idempotency_key
            )
        )


class Segments(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Data]:
        """Segments, the oldest first.

        Scope: `members:read`.

        `GET /v1/segments`
        """
        return Pages[types.Data](
            self._send, Call[Any](method="GET", path="/v1/segments", query={"limit": limit, "cursor": cursor})
        )

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewSegment]) -> types.Data:
        """Keep a condition under a name.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/segments`
        """
        return self._send(
            Call[types.Data](method="POST", path="/v1/segments", body=spelled(body), idempotency_key=idempotency_key)
        )

    def get(self, segment_id: Id, /) -> types.Data:
        """One segment.

        Scope: `members:read`.

        `GET /v1/segments/{segment_id}`
        """
        return self._send(Call[types.Data](method="GET", path=f"/v1/segments/{segment(segment_id)}"))

    def update(
        self, segment_id: Id, /, *, if_match: str | None = None, **body: Unpack[types.SegmentChange]
    ) -> types.Data:
        """Change a segment's names or condition.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `PATCH /v1/segments/{segment_id}`
        """
        return self._send(
            Call[types.Data](
                method="PATCH",
                path=f"/v1/segments/{segment(segment_id)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )

    def delete(self, segment_id: Id, /, *, if_match: str | None = None) -> None:
        """Forget a segment; its members stay as they are.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `DELETE /v1/segments/{segment_id}`
        """
        self._send(
            Call[None](method="DELETE", path=f"/v1/segments/{segment(segment_id)}", headers={"If-Match": if_match})
        )

    def preview(self, **body: Unpack[types.Preview]) -> types.SegmentsPreviewAnswer:
        """Whom a condition selects now: how many, some of them.

        `members` are the newest ten. `complete: false`: `count` is what was found in ten seconds, at least so many.

        Scope: `members:read`.

        `POST /v1/segments/preview`
        """
        return self._send(
            Call[types.SegmentsPreviewAnswer](
                method="POST", path="/v1/segments/preview", body=spelled(body), reads=True
            )
        )

    def members(self, segment_id: Id, /, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Member]:
        """The segment's members now, the newest first.

        Active members only. A page may be shorter than `limit` and still have a `next_cursor`: go on there.

        Scope: `members:read`.

        `GET /v1/segments/{segment_id}/members`
        """
        return Pages[types.Member](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/segments/{segment(segment_id)}/members",
                query={"limit": limit, "cursor": cursor},
            ),
        )


class Programme(Resource):
    def get(self) -> dict[str, Any]:
        """The document in force.

        The document in force; with `pending` where another one waits for its time.

        Scope: `members:read`.

        `GET /v1/programme`
        """
        return self._send(Call[dict[str, Any]](method="GET", path="/v1/programme"))

    def draft(self) -> dict[str, Any]:
        """The draft.

        404 `draft-missing` where there is none.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `GET /v1/programme/draft`
        """
        return self._send(Call[dict[str, Any]](method="GET", path="/v1/programme/draft"))

    def save_draft(
        self, document: types.Programme | Mapping[str, Any], /, *, if_match: str | None = None
    ) -> types.ProgrammeSaveDraftAnswer:
        """Keeps a whole document as the draft.

        Every fault is named by its pointer; doubts come back as warnings.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `PUT /v1/programme/draft`
        """
        return self._send(
            Call[types.ProgrammeSaveDraftAnswer](
                method="PUT", path="/v1/programme/draft", body=document, headers={"If-Match": if_match}
            )
        )

    def delete_draft(self, *, if_match: str | None = None) -> None:
        """Gives the draft up.

        404 `draft-missing` where there is none.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `DELETE /v1/programme/draft`
        """
        self._send(Call[None](method="DELETE", path="/v1/programme/draft", headers={"If-Match": if_match}))

    def publish(
        self, *, if_match: str | None = None, idempotency_key: str | None = None, **body: Unpack[types.PublishBody]
    ) -> dict[str, Any]:
        """Makes the draft the next version, in force at once.

        Makes the draft the next version, in force at once: the document, as it is now. With `at` 202 and what waits. `If-Match`, with the draft's tag: only if it is still what was looked at.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/programme/draft/publish`
        """
        return self._send(
            Call[dict[str, Any]](
                method="POST",
                path="/v1/programme/draft/publish",
                body=spelled(body),
                headers={"If-Match": if_match},
                idempotency_key=idempotency_key,
            )
        )

    def cancel_pending(self) -> None:
        """Cancels the publish that waits for its time.

        404 where none does.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `DELETE /v1/programme/pending`
        """
        self._send(Call[None](method="DELETE", path="/v1/programme/pending"))

    def versions(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.ProgrammeVersionsItem]:
        """The published versions, the newest first, each with its `transition` and what it was `rolled_back_to`.

        Scope: `members:read`.

        `GET /v1/programme/versions`
        """
        return Pages[types.ProgrammeVersionsItem](
            self._send, Call[Any](method="GET", path="/v1/programme/versions", query={"limit": limit, "cursor": cursor})
        )

    def version(self, version: int, /) -> dict[str, Any]:
        """One version's document.

        One version's document; 404 where there is none.

        Scope: `members:read`.

        `GET /v1/programme/versions/{version}`
        """
        return self._send(Call[dict[str, Any]](method="GET", path=f"/v1/programme/versions/{segment(version)}"))

    def roll_back(
        self, version: int, /, *, idempotency_key: str | None = None, **body: Unpack[types.RollbackBody]
    ) -> dict[str, Any]:
        """Puts an earlier version's rules in force again, as a new version.

        Members whose tier the publishes since then decided last get back what these replaced.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/programme/versions/{version}/rollback`
        """
        return self._send(
            Call[dict[str, Any]](
                method="POST",
                path=f"/v1/programme/versions/{segment(version)}/rollback",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def version_diff(self, version: int, /, *, against: int | None = None) -> types.ProgrammeVersionDiffAnswer:
        """What a version changed, in plain words of Accept-Language.

        What a version changed, in plain words of Accept-Language: `data` of `{pointer, kind, text}`. `kind`: added, removed, changed, renamed, moved. 404 where there is no such version, nor one before the first.

        Scope: `members:read`.

        `GET /v1/programme/versions/{version}/diff`
        """
        return self._send(
            Call[types.ProgrammeVersionDiffAnswer](
                method="GET", path=f"/v1/programme/versions/{segment(version)}/diff", query={"against": against}
            )
        )

    def draft_diff(self, *, against: int | None = None, holders: str | None = None) -> types.ProgrammeDraftDiffAnswer:
        """What the draft would change, likewise.

        What the draft would change, likewise: with how many hold a tier that goes, what becomes of them by `holders`, and what becomes of the segments and rules of tasks that name one. 404 `draft-missing` where there is none.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `GET /v1/programme/versions/draft/diff`
        """
        return self._send(
            Call[types.ProgrammeDraftDiffAnswer](
                method="GET", path="/v1/programme/versions/draft/diff", query={"against": against, "holders": holders}
            )
        )

    def simulate(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.SimulateBody]
    ) -> types.ProgrammeSimulateAnswer:
        """What publishing the draft would do to everybody's tier, and what its discounts and points would have cost in the last 90 days.

        What publishing the draft would do to everybody's tier, and what its discounts and points would have cost in the last 90 days; nothing is changed. A simulation that is still under way ends for the new one.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/programme/draft/simulate`
        """
        return self._send(
            Call[types.ProgrammeSimulateAnswer](
                method="POST", path="/v1/programme/draft/simulate", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def simulated_members_csv(
        self, job_id: Id, /, *, ladder: str | None = None, direction: Literal["up", "down"] | None = None
    ) -> bytes:
        """Everyone whom a simulation would move, as a table.

        Everyone whom a simulation would move, as a table; who has taken it is in the audit log. 409 `simulation-not-done` until it is through.

        Scope: `members:read`.

        `GET /v1/programme/simulations/{job_id}/members.csv`
        """
        return self._send(
            Call[bytes](
                method="GET",
                path=f"/v1/programme/simulations/{segment(job_id)}/members.csv",
                query={"ladder": ladder, "direction": direction},
                raw=True,
            )
        )

    def stop_simulation(self, job_id: Id, /) -> None:
        """Ends a simulation that is under way.

        Ends a simulation that is under way: its job fails with `simulation-cancelled`. 404 where it isn't.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `DELETE /v1/programme/simulations/{job_id}`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/programme/simulations/{segment(job_id)}"))

    def recalculate(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.RecalculateBody]
    ) -> types.ProgrammeRecalculateAnswer:
        """Evaluates every member as of an instant.

        Evaluates every member as of an instant; the job tells progress and result.

        409 `later-decisions` where a decision was made for a later instant. With `rebuild` every purchase, activity, act by hand and schedule is walked in the order in which it happened, under the rules in force then, as after a migration of old history; a chain's tills wait while their members' turn is on.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/programme/recalculate`
        """
        return self._send(
            Call[types.ProgrammeRecalculateAnswer](
                method="POST", path="/v1/programme/recalculate", body=spelled(body), idempotency_key=idempotency_key
            )
        )


class PriceLists(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.PriceListsListItem]:
        """Price lists, by their codes.

        Scope: `members:read`.

        `GET /v1/price-lists`
        """
        return Pages[types.PriceListsListItem](
            self._send, Call[Any](method="GET", path="/v1/price-lists", query={"limit": limit, "cursor": cursor})
        )

    def get(self, code: Id, /) -> types.PriceListsGetAnswer:
        """One price list with its prices.

        Scope: `members:read`.

        `GET /v1/price-lists/{code}`
        """
        return self._send(Call[types.PriceListsGetAnswer](method="GET", path=f"/v1/price-lists/{segment(code)}"))

    def replace(
        self, code: Id, /, *, if_match: str | None = None, **body: Unpack[types.PriceListBody]
    ) -> types.PriceListsReplaceAnswer:
        """Put a whole price list.

        Up to 5,000 prices, in place of those that the list had; 201 for a new list. A tier gives it by a benefit `{"type": "price_list", "code"}`.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `PUT /v1/price-lists/{code}`
        """
        return self._send(
            Call[types.PriceListsReplaceAnswer](
                method="PUT",
                path=f"/v1/price-lists/{segment(code)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )

    def update(
        self, code: Id, /, *, if_match: str | None = None, **body: Unpack[types.PriceListChange]
    ) -> types.PriceListsUpdateAnswer:
        """Change some prices of a list.

        Prices that aren't named stay as they are.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `PATCH /v1/price-lists/{code}`
        """
        return self._send(
            Call[types.PriceListsUpdateAnswer](
                method="PATCH",
                path=f"/v1/price-lists/{segment(code)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )


class Coupons(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.CouponData]:
        """Coupons to give, the oldest first.

        Scope: `members:read`.

        `GET /v1/coupons`
        """
        return Pages[types.CouponData](
            self._send, Call[Any](method="GET", path="/v1/coupons", query={"limit": limit, "cursor": cursor})
        )

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewCoupon]) -> types.CouponData:
        """A new coupon to give.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/coupons`
        """
        return self._send(
            Call[types.CouponData](
                method="POST", path="/v1/coupons", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def get(self, coupon_id: Id, /) -> types.CouponsGetAnswer:
        """One coupon to give.

        With `counts` of those given, by their state; each counts up to 100,001, which is that or more.

        Scope: `members:read`.

        `GET /v1/coupons/{coupon_id}`
        """
        return self._send(Call[types.CouponsGetAnswer](method="GET", path=f"/v1/coupons/{segment(coupon_id)}"))

    def update(
        self, coupon_id: Id, /, *, if_match: str | None = None, **body: Unpack[types.CouponChange]
    ) -> types.CouponData:
        """Change a coupon, end it, take it up again.

        Those given before keep their terms and days, and hold when the coupon has ended.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `PATCH /v1/coupons/{coupon_id}`
        """
        return self._send(
            Call[types.CouponData](
                method="PATCH",
                path=f"/v1/coupons/{segment(coupon_id)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )

    def grants(
        self,
        coupon_id: Id,
        /,
        *,
        limit: int | None = None,
        state: Literal["open", "used", "void", "expired"] | None = None,
        cursor: str | None = None,
    ) -> Pages[types.CouponGrant]:
        """Those given, the newest first.

        Scope: `members:read`.

        `GET /v1/coupons/{coupon_id}/grants`
        """
        return Pages[types.CouponGrant](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/coupons/{segment(coupon_id)}/grants",
                query={"limit": limit, "state": state, "cursor": cursor},
            ),
        )

    def grant(
        self, coupon_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.GrantBody]
    ) -> types.CouponsGrantAnswer:
        """Give a coupon to members or a segment.

        201 with a coupon for each member named, all or none; 202 with a `job_id` for a segment.

        Scope: `members:write`.

        `POST /v1/coupons/{coupon_id}/grant`
        """
        return self._send(
            Call[types.CouponsGrantAnswer](
                method="POST",
                path=f"/v1/coupons/{segment(coupon_id)}/grant",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def print(
        self, coupon_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.PrintBody]
    ) -> types.CouponsPrintAnswer:
        """Numbers to print, for who isn't a member.

        Scope: `members:write`.

        `POST /v1/coupons/{coupon_id}/print`
        """
        return self._send(
            Call[types.CouponsPrintAnswer](
                method="POST",
                path=f"/v1/coupons/{segment(coupon_id)}/print",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def redeem(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.CouponsRedeemBody]
    ) -> types.CouponGrant:
        """A till took the coupon's value by itself.

        201, or 200 where the same `external_id` had redeemed it with the same content.

        Scope: `purchases:write`.

        `POST /v1/coupons/redeem`
        """
        return self._send(
            Call[types.CouponGrant](
                method="POST", path="/v1/coupons/redeem", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def get_grant(self, reference: Id, /) -> types.CouponsGetGrantAnswer:
        """A coupon that was given, by number or id.

        Scope: `members:read`.

        `GET /v1/coupons/grants/{reference}`
        """
        return self._send(
            Call[types.CouponsGetGrantAnswer](method="GET", path=f"/v1/coupons/grants/{segment(reference)}")
        )

    def void_grant(
        self, reference: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.VoidBody]
    ) -> types.CouponGrant:
        """Take a coupon back.

        Scope: `members:write`.

        `POST /v1/coupons/grants/{reference}/void`
        """
        return self._send(
            Call[types.CouponGrant](
                method="POST",
                path=f"/v1/coupons/grants/{segment(reference)}/void",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )


class Rewards(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.RewardStock]:
        """Rewards, the oldest first.

        Scope: `members:read`.

        `GET /v1/rewards`
        """
        return Pages[types.RewardStock](
            self._send, Call[Any](method="GET", path="/v1/rewards", query={"limit": limit, "cursor": cursor})
        )

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewReward]) -> types.RewardStock:
        """A new thing that points buy.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/rewards`
        """
        return self._send(
            Call[types.RewardStock](
                method="POST", path="/v1/rewards", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def get(self, reward_id: Id, /) -> types.RewardStock:
        """One reward.

        Scope: `members:read`.

        `GET /v1/rewards/{reward_id}`
        """
        return self._send(Call[types.RewardStock](method="GET", path=f"/v1/rewards/{segment(reward_id)}"))

    def update(
        self, reward_id: Id, /, *, if_match: str | None = None, **body: Unpack[types.RewardChange]
    ) -> types.RewardStock:
        """Change a reward, end it, take it up again.

        Claims made before keep their points, and can be collected when the reward has ended.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `PATCH /v1/rewards/{reward_id}`
        """
        return self._send(
            Call[types.RewardStock](
                method="PATCH",
                path=f"/v1/rewards/{segment(reward_id)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )

    def change_stock(
        self, reward_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.StockBody]
    ) -> types.RewardStock:
        """Pieces that came, or are gone.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/rewards/{reward_id}/stock`
        """
        return self._send(
            Call[types.RewardStock](
                method="POST",
                path=f"/v1/rewards/{segment(reward_id)}/stock",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def claim(
        self, reward_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.ClaimBody]
    ) -> types.Claim:
        """A member's points for one piece.

        201, or 200 where the same `external_id` had been recorded with the same content.

        Scope: `points:write`.

        `POST /v1/rewards/{reward_id}/claim`
        """
        return self._send(
            Call[types.Claim](
                method="POST",
                path=f"/v1/rewards/{segment(reward_id)}/claim",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def waiting_claims(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Claim]:
        """Claims that wait to be collected, the newest first.

        A key of branches sees those of its branches, and those that name none.

        Scope: `members:read`.

        `GET /v1/rewards/claims`
        """
        return Pages[types.Claim](
            self._send, Call[Any](method="GET", path="/v1/rewards/claims", query={"limit": limit, "cursor": cursor})
        )

    def claims(self, reward_id: Id, /, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Claim]:
        """Claims of a reward, the newest first.

        Scope: `members:read`.

        `GET /v1/rewards/{reward_id}/claims`
        """
        return Pages[types.Claim](
            self._send,
            Call[Any](
                method="GET", path=f"/v1/rewards/{segment(reward_id)}/claims", query={"limit": limit, "cursor": cursor}
            ),
        )

    def collect_claim(self, claim_id: Id, /, *, idempotency_key: str | None = None) -> types.Claim:
        """It was handed out.

        Scope: `points:write`.

        `POST /v1/rewards/claims/{claim_id}/collect`
        """
        return self._send(
            Call[types.Claim](
                method="POST", path=f"/v1/rewards/claims/{segment(claim_id)}/collect", idempotency_key=idempotency_key
            )
        )

    def cancel_claim(self, claim_id: Id, /, *, idempotency_key: str | None = None) -> types.Claim:
        """Points and piece come back.

        Scope: `points:write`.

        `POST /v1/rewards/claims/{claim_id}/cancel`
        """
        return self._send(
            Call[types.Claim](
                method="POST", path=f"/v1/rewards/claims/{segment(claim_id)}/cancel", idempotency_key=idempotency_key
            )
        )


class Campaigns(Resource):
    def list(
        self,
        *,
        limit: int | None = None,
        state: Literal["draft", "running", "stopped"] | None = None,
        cursor: str | None = None,
    ) -> Pages[types.Campaign]:
        """Campaigns, the oldest first.

        Scope: `members:read`.

        `GET /v1/campaigns`
        """
        return Pages[types.Campaign](
            self._send,
            Call[Any](method="GET", path="/v1/campaigns", query={"limit": limit, "state": state, "cursor": cursor}),
        )

    def create(
        self,
        document: types.MultiplierCampaign
        | types.DiscountCampaign
        | types.GrantCampaign
        | types.MessageCampaign
        | Mapping[str, Any],
        /,
        *,
        idempotency_key: str | None = None,
    ) -> types.Campaign:
        """A new campaign, as a draft.

        The body is the campaign's document. It does nothing before it is started.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/campaigns`
        """
        return self._send(
            Call[types.Campaign](method="POST", path="/v1/campaigns", body=document, idempotency_key=idempotency_key)
        )

    def get(self, campaign_id: Id, /) -> types.Campaign:
        """One campaign.

        Scope: `members:read`.

        `GET /v1/campaigns/{campaign_id}`
        """
        return self._send(Call[types.Campaign](method="GET", path=f"/v1/campaigns/{segment(campaign_id)}"))

    def replace(
        self,
        campaign_id: Id,
        document: types.MultiplierCampaign
        | types.DiscountCampaign
        | types.GrantCampaign
        | types.MessageCampaign
        | Mapping[str, Any],
        /,
        *,
        if_match: str | None = None,
    ) -> types.Campaign:
        """Change a draft.

        The whole document. What ran once doesn't change any more: make another one.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `PUT /v1/campaigns/{campaign_id}`
        """
        return self._send(
            Call[types.Campaign](
                method="PUT",
                path=f"/v1/campaigns/{segment(campaign_id)}",
                body=document,
                headers={"If-Match": if_match},
            )
        )

    def delete(self, campaign_id: Id, /, *, if_match: str | None = None) -> None:
        """Forget a draft.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `DELETE /v1/campaigns/{campaign_id}`
        """
        self._send(
            Call[None](method="DELETE", path=f"/v1/campaigns/{segment(campaign_id)}", headers={"If-Match": if_match})
        )

    def start(self, campaign_id: Id, /, *, idempotency_key: str | None = None) -> types.Campaign:
        """Switch it on.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/campaigns/{campaign_id}/start`
        """
        return self._send(
            Call[types.Campaign](
                method="POST", path=f"/v1/campaigns/{segment(campaign_id)}/start", idempotency_key=idempotency_key
            )
        )

    def stop(self, campaign_id: Id, /, *, idempotency_key: str | None = None) -> types.Campaign:
        """Switch it off.

        Nothing more comes of it, neither of what had been triggered; what was given stays given.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/campaigns/{campaign_id}/stop`
        """
        return self._send(
            Call[types.Campaign](
                method="POST", path=f"/v1/campaigns/{segment(campaign_id)}/stop", idempotency_key=idempotency_key
            )
        )

    def report(self, campaign_id: Id, /) -> types.CampaignsReportAnswer:
        """Whom it reached, what they and the control group bought, what it cost.

        What the whole chain sold with it: for callers of every branch.

        Scope: `reports:read`.

        `GET /v1/campaigns/{campaign_id}/report`
        """
        return self._send(
            Call[types.CampaignsReportAnswer](method="GET", path=f"/v1/campaigns/{segment(campaign_id)}/report")
        )


class MessageTexts(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.MessageText]:
        """Texts that campaigns send, by code.

        Scope: `members:read`.

        `GET /v1/message-texts`
        """
        return Pages[types.MessageText](
            self._send, Call[Any](method="GET", path="/v1/message-texts", query={"limit": limit, "cursor": cursor})
        )

    def get(self, code: Id, /) -> types.MessageText:
        """One text.

        Scope: `members:read`.

        `GET /v1/message-texts/{code}`
        """
        return self._send(Call[types.MessageText](method="GET", path=f"/v1/message-texts/{segment(code)}"))

    def replace(
        self, code: Id, document: types.Text | Mapping[str, Any], /, *, if_match: str | None = None
    ) -> types.MessageText:
        """Make or change a text.

        The whole text; its `code` is that of the path. 201 for a new one.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `PUT /v1/message-texts/{code}`
        """
        return self._send(
            Call[types.MessageText](
                method="PUT", path=f"/v1/message-texts/{segment(code)}", body=document, headers={"If-Match": if_match}
            )
        )

    def delete(self, code: Id, /, *, if_match: str | None = None) -> None:
        """Forget a text that nothing sends.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `DELETE /v1/message-texts/{code}`
        """
        self._send(
            Call[None](method="DELETE", path=f"/v1/message-texts/{segment(code)}", headers={"If-Match": if_match})
        )


class Tasks(Resource):
    def rules(
        self, *, limit: int | None = None, ended: bool | None = None, cursor: str | None = None
    ) -> Pages[types.TaskRule]:
        """Rules of tasks, the oldest first.

        Those in force; with `ended=true` those that have ended.

        Scope: `members:read`.

        `GET /v1/tasks/rules`
        """
        return Pages[types.TaskRule](
            self._send,
            Call[Any](method="GET", path="/v1/tasks/rules", query={"limit": limit, "ended": ended, "cursor": cursor}),
        )

    def create_rule(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewRule]) -> types.TaskRule:
        """A new rule: with whom, how often.

        Its first tasks are made at once, by a job.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `POST /v1/tasks/rules`
        """
        return self._send(
            Call[types.TaskRule](
                method="POST", path="/v1/tasks/rules", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def get_rule(self, rule_id: Id, /) -> types.TaskRule:
        """One rule.

        Scope: `members:read`.

        `GET /v1/tasks/rules/{rule_id}`
        """
        return self._send(Call[types.TaskRule](method="GET", path=f"/v1/tasks/rules/{segment(rule_id)}"))

    def update_rule(
        self, rule_id: Id, /, *, if_match: str | None = None, **body: Unpack[types.RuleChange]
    ) -> types.TaskRule:
        """Change a rule's rhythm or names.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `PATCH /v1/tasks/rules/{rule_id}`
        """
        return self._send(
            Call[types.TaskRule](
                method="PATCH",
                path=f"/v1/tasks/rules/{segment(rule_id)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )

    def end_rule(self, rule_id: Id, /, *, if_match: str | None = None) -> None:
        """End a rule; what was done stays.

        Scope: `programme:write`. Not for a key that is bound to branches.

        `DELETE /v1/tasks/rules/{rule_id}`
        """
        self._send(
            Call[None](method="DELETE", path=f"/v1/tasks/rules/{segment(rule_id)}", headers={"If-Match": if_match})
        )

    def list(
        self,
        *,
        state: Literal["open", "postponed", "done", "skipped", "settled", "dropped"] | None = None,
        branch_id: Id | Literal["none"] | None = None,
        rule: str | None = None,
        due_to: str | date | None = None,
        member_id: Id | None = None,
        mine: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[types.TasksListItem]:
        """What there is to do, what is due and worth most first.

        Open tasks, unless another `state` is asked for. A key of branches sees these branches' alone.

        Scope: `members:read`.

        `GET /v1/tasks`
        """
        return Pages[types.TasksListItem](
            self._send,
            Call[Any](
                method="GET",
                path="/v1/tasks",
                query={
                    "state": state,
                    "branch_id": branch_id,
                    "rule": rule,
                    "due_to": due_to,
                    "member_id": member_id,
                    "mine": mine,
                    "limit": limit,
                    "cursor": cursor,
                },
            ),
        )

    def csv(
        self,
        *,
        state: Literal["open", "postponed", "done", "skipped", "settled", "dropped"] | None = None,
        branch_id: Id | Literal["none"] | None = None,
        rule: str | None = None,
        due_to: str | date | None = None,
        member_id: Id | None = None,
        mine: bool | None = None,
    ) -> bytes:
        """The same list as a table.

        All of it, in the same order and of the same filters, with whole phone numbers: it is there to be called from. Who has taken it is in the audit log.

        Scope: `members:read`.

        `GET /v1/tasks.csv`
        """
        return self._send(
            Call[bytes](
                method="GET",
                path="/v1/tasks.csv",
                query={
                    "state": state,
                    "branch_id": branch_id,
                    "rule": rule,
                    "due_to": due_to,
                    "member_id": member_id,
                    "mine": mine,
                },
                raw=True,
            )
        )

    def get(self, task_id: Id, /) -> types.TaskDone:
        """One task, with all that was done with it.

        Scope: `members:read`.

        `GET /v1/tasks/{task_id}`
        """
        return self._send(Call[types.TaskDone](method="GET", path=f"/v1/tasks/{segment(task_id)}"))

    def done(
        self, task_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.DoneBody]
    ) -> types.TaskDone:
        """The member was called.

        Who declined isn't listed again by this rule for 90 days.

        Scope: `members:write`.

        `POST /v1/tasks/{task_id}/done`
        """
        return self._send(
            Call[types.TaskDone](
                method="POST",
                path=f"/v1/tasks/{segment(task_id)}/done",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def postpone(
        self, task_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.PostponeBody]
    ) -> types.TaskDone:
        """It waits for a day.

        Scope: `members:write`.

        `POST /v1/tasks/{task_id}/postpone`
        """
        return self._send(
            Call[types.TaskDone](
                method="POST",
                path=f"/v1/tasks/{segment(task_id)}/postpone",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def skip(
        self, task_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.SkipBody]
    ) -> types.TaskDone:
        """Not this time.

        The rhythm goes on from today, as if it had been done.

        Scope: `members:write`.

        `POST /v1/tasks/{task_id}/skip`
        """
        return self._send(
            Call[types.TaskDone](
                method="POST",
                path=f"/v1/tasks/{segment(task_id)}/skip",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )


class Proof(Resource):
    def get(self) -> types.ProofGetAnswer:
        """When everything was proved last (`proved_on`), of how many members, what couldn't be proved and why, and the first differences, in words.

        When everything was proved last (`proved_on`), of how many members, what couldn't be proved and why, and the first differences, in words; beside it the proof that is under way.

        `state`: `never`, `proved` or `differs`, of the last one that came to its end.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/proof`
        """
        return self._send(Call[types.ProofGetAnswer](method="GET", path="/v1/proof"))

    def start(self, *, idempotency_key: str | None = None) -> types.ProofStartAnswer:
        """Proves now instead of at night, or goes on with what the last night left.

        Proves now instead of at night, or goes on with what the last night left; the job tells the progress.

        409 `proof-running` where one is at work already.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/proof`
        """
        return self._send(
            Call[types.ProofStartAnswer](method="POST", path="/v1/proof", idempotency_key=idempotency_key)
        )

    def differences(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Proof]:
        """The differences of the last proof that came to its end, the first thousand of them.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/proof/differences`
        """
        return Pages[types.Proof](
            self._send, Call[Any](method="GET", path="/v1/proof/differences", query={"limit": limit, "cursor": cursor})
        )


class Jobs(Resource):
    def get(self, job_id: Id, /) -> types.Job:
        """State (queued, running, done, failed), progress 0…1, counts, and the result once done.

        Any key.

        `GET /v1/jobs/{job_id}`
        """
        return self._send(Call[types.Job](method="GET", path=f"/v1/jobs/{segment(job_id)}"))


class Imports(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.ImportsListItem]:
        """Imports and dry runs, the newest first.

        Any key.

        `GET /v1/imports`
        """
        return Pages[types.ImportsListItem](
            self._send, Call[Any](method="GET", path="/v1/imports", query={"limit": limit, "cursor": cursor})
        )

    def create(
        self,
        file: File,
        /,
        *,
        filename: str = "upload",
        idempotency_key: str | None = None,
        **body: Unpack[types.ImportsCreateOptions],
    ) -> types.ImportsCreateAnswer:
        """Import members, purchases, activities or opening balances from CSV or NDJSON (multipart: file, options).

        Any key.

        `POST /v1/imports`
        """
        return self._send(
            Call[types.ImportsCreateAnswer](
                method="POST",
                path="/v1/imports",
                body=spelled(body),
                file=(filename, file),
                idempotency_key=idempotency_key,
            )
        )

    def cancel(self, import_id: Id, /, *, idempotency_key: str | None = None) -> types.Import:
        """Stop an import; rows that are in stay.

        One that is over stays as it ended.

        Any key.

        `POST /v1/imports/{import_id}/cancel`
        """
        return self._send(
            Call[types.Import](
                method="POST", path=f"/v1/imports/{segment(import_id)}/cancel", idempotency_key=idempotency_key
            )
        )

    def get(self, import_id: Id, /) -> types.Import:
        """An import's state and counts.

        Any key.

        `GET /v1/imports/{import_id}`
        """
        return self._send(Call[types.Import](method="GET", path=f"/v1/imports/{segment(import_id)}"))

    def errors_csv(self, import_id: Id, /) -> bytes:
        """An import's bad rows with line, column and reason.

        Any key.

        `GET /v1/imports/{import_id}/errors.csv`
        """
        return self._send(Call[bytes](method="GET", path=f"/v1/imports/{segment(import_id)}/errors.csv", raw=True))


class Exports(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Export]:
        """Exports, the newest first.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/exports`
        """
        return Pages[types.Export](
            self._send, Call[Any](method="GET", path="/v1/exports", query={"limit": limit, "cursor": cursor})
        )

    def create(self, *, idempotency_key: str | None = None) -> types.Export:
        """Have everything written into one ZIP; where an export is under way, that one is the answer.

        CSV for people and NDJSON for machines, all of one instant. Its progress is its job's (`GET /v1/jobs/{id}`, the same id); the file is kept for seven days.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/exports`
        """
        return self._send(Call[types.Export](method="POST", path="/v1/exports", idempotency_key=idempotency_key))

    def get(self, export_id: Id, /) -> types.Export:
        """An export's state, and the link to its file.

        `link` is signed and good for an hour, without any key: ask again for a fresh one.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/exports/{export_id}`
        """
        return self._send(Call[types.Export](method="GET", path=f"/v1/exports/{segment(export_id)}"))

    def delete(self, export_id: Id, /) -> None:
        """Take an export's file away before its week is over.

        Again is fine. One that is still being written goes on.

        Scope: `admin`. Not for a key that is bound to branches.

        `DELETE /v1/exports/{export_id}`
        """
        self._send(Call[None](method="DELETE", path=f"/v1/exports/{segment(export_id)}"))


class Configuration(Resource):
    def get(self) -> types.ConfigurationGetAnswer:
        """How the chain is set up, as a document that another chain takes.

        The rules in force, coupons, price lists, segments, rewards, message texts, campaigns, rules of call lists, what clerks may do alone, the sign-up page. No branches, staff or keys, and nothing of any member.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/configuration`
        """
        return self._send(Call[types.ConfigurationGetAnswer](method="GET", path="/v1/configuration"))

    def replace(self, **body: Unpack[types.TakeOver]) -> types.ConfigurationReplaceAnswer:
        """Take a set-up over, or with dry_run tell what would change.

        What is new is made, what differs is changed, what the document doesn't name stays. The rules become the draft, to be published as ever; campaigns come as drafts. What can't be taken over is `refused` with its `error`, and the rest is done: publish the draft, or open the branches that are missing, and send the same again.

        Scope: `admin`. Not for a key that is bound to branches.

        `PUT /v1/configuration`
        """
        return self._send(
            Call[types.ConfigurationReplaceAnswer](method="PUT", path="/v1/configuration", body=spelled(body))
        )


class Webhooks(Resource):
    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.Webhook]:
        """Endpoints, the oldest first.

        A chain has up to 20.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `GET /v1/webhooks`
        """
        return Pages[types.Webhook](
            self._send, Call[Any](method="GET", path="/v1/webhooks", query={"limit": limit, "cursor": cursor})
        )

    def create(self, *, idempotency_key: str | None = None, **body: Unpack[types.NewWebhook]) -> types.WebhookRotate:
        """A new endpoint: the answer shows its secret, once.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `POST /v1/webhooks`
        """
        return self._send(
            Call[types.WebhookRotate](
                method="POST", path="/v1/webhooks", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def all_deliveries(
        self,
        *,
        limit: int | None = None,
        state: Literal["waiting", "delivered", "failed"] | None = None,
        type: str | None = None,
        cursor: str | None = None,
    ) -> Pages[types.WebhookDeliveryData]:
        """The log of all endpoints, the newest first.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `GET /v1/webhooks/deliveries`
        """
        return Pages[types.WebhookDeliveryData](
            self._send,
            Call[Any](
                method="GET",
                path="/v1/webhooks/deliveries",
                query={"limit": limit, "state": state, "type": type, "cursor": cursor},
            ),
        )

    def get(self, webhook_id: Id, /) -> types.Webhook:
        """One endpoint.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `GET /v1/webhooks/{webhook_id}`
        """
        return self._send(Call[types.Webhook](method="GET", path=f"/v1/webhooks/{segment(webhook_id)}"))

    def update(
        self, webhook_id: Id, /, *, if_match: str | None = None, **body: Unpack[types.WebhookChange]
    ) -> types.Webhook:
        """Change an endpoint, turn it off or on again.

        While it is off, what waits is kept, and no event that happens is sent later by itself: replay them.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `PATCH /v1/webhooks/{webhook_id}`
        """
        return self._send(
            Call[types.Webhook](
                method="PATCH",
                path=f"/v1/webhooks/{segment(webhook_id)}",
                body=spelled(body),
                headers={"If-Match": if_match},
            )
        )

    def delete(self, webhook_id: Id, /, *, if_match: str | None = None) -> None:
        """Delete an endpoint with its log.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `DELETE /v1/webhooks/{webhook_id}`
        """
        self._send(
            Call[None](method="DELETE", path=f"/v1/webhooks/{segment(webhook_id)}", headers={"If-Match": if_match})
        )

    def rotate(
        self, webhook_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.RotateBody]
    ) -> types.WebhookRotate:
        """A new secret, shown once.

        For `overlap_hours` both sign, so that nothing is missed while the receiver changes over.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `POST /v1/webhooks/{webhook_id}/rotate`
        """
        return self._send(
            Call[types.WebhookRotate](
                method="POST",
                path=f"/v1/webhooks/{segment(webhook_id)}/rotate",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def test(
        self, webhook_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.TestBody]
    ) -> types.WebhookDelivery:
        """Send an example event.

        The delivery that is on its way: read it again to see what came of it. The body says `"test": true`.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `POST /v1/webhooks/{webhook_id}/test`
        """
        return self._send(
            Call[types.WebhookDelivery](
                method="POST",
                path=f"/v1/webhooks/{segment(webhook_id)}/test",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def replay(
        self, webhook_id: Id, /, *, idempotency_key: str | None = None, **body: Unpack[types.ReplayBody]
    ) -> types.WebhooksReplayAnswer:
        """Send again what it missed.

        By a job: what failed or waits, or all events of a time, each under the `webhook-id` that it had before.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `POST /v1/webhooks/{webhook_id}/replay`
        """
        return self._send(
            Call[types.WebhooksReplayAnswer](
                method="POST",
                path=f"/v1/webhooks/{segment(webhook_id)}/replay",
                body=spelled(body),
                idempotency_key=idempotency_key,
            )
        )

    def deliveries(
        self,
        webhook_id: Id,
        /,
        *,
        limit: int | None = None,
        state: Literal["waiting", "delivered", "failed"] | None = None,
        type: str | None = None,
        cursor: str | None = None,
    ) -> Pages[types.WebhookDeliveryData]:
        """An endpoint's log, the newest first.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `GET /v1/webhooks/{webhook_id}/deliveries`
        """
        return Pages[types.WebhookDeliveryData](
            self._send,
            Call[Any](
                method="GET",
                path=f"/v1/webhooks/{segment(webhook_id)}/deliveries",
                query={"limit": limit, "state": state, "type": type, "cursor": cursor},
            ),
        )

    def get_delivery(self, delivery_id: Id, /) -> types.WebhookDelivery:
        """One delivery, with its attempts.

        `body` is what is sent; null where the event is older than thirty days.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `GET /v1/webhooks/deliveries/{delivery_id}`
        """
        return self._send(
            Call[types.WebhookDelivery](method="GET", path=f"/v1/webhooks/deliveries/{segment(delivery_id)}")
        )

    def retry_delivery(self, delivery_id: Id, /, *, idempotency_key: str | None = None) -> types.WebhookDelivery:
        """Send a delivery again at once.

        Scope: `webhooks:write`. Not for a key that is bound to branches.

        `POST /v1/webhooks/deliveries/{delivery_id}/retry`
        """
        return self._send(
            Call[types.WebhookDelivery](
                method="POST",
                path=f"/v1/webhooks/deliveries/{segment(delivery_id)}/retry",
                idempotency_key=idempotency_key,
            )
        )


class Billing(Resource):
    def usage(self, *, period_start: str | datetime | None = None) -> types.BillingUsageAnswer:
        """Active members of a billing period, by day, and the invoice to expect.

        Scope: `reports:read`.

        `GET /v1/billing/usage`
        """
        return self._send(
            Call[types.BillingUsageAnswer](method="GET", path="/v1/billing/usage", query={"period_start": period_start})
        )

    def usage_members(
        self, *, limit: int | None = None, period_start: str | datetime | None = None, cursor: str | None = None
    ) -> Pages[types.BillingUsageMembersItem]:
        """Which members count in a billing period, and the first fact that made each of them active.

        Scope: `reports:read`.

        `GET /v1/billing/usage/members`
        """
        return Pages[types.BillingUsageMembersItem](
            self._send,
            Call[Any](
                method="GET",
                path="/v1/billing/usage/members",
                query={"limit": limit, "period_start": period_start, "cursor": cursor},
            ),
        )

    def get(self) -> types.Billing:
        """Own plan, subscription and what could be bought.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/billing`
        """
        return self._send(Call[types.Billing](method="GET", path="/v1/billing"))

    def checkout(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.CheckoutBody]
    ) -> types.BillingCheckoutAnswer:
        """Buy a plan: the address of a page to pay on, or invoices by mail.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/billing/checkout`
        """
        return self._send(
            Call[types.BillingCheckoutAnswer](
                method="POST", path="/v1/billing/checkout", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def open_portal(self, *, idempotency_key: str | None = None) -> types.BillingOpenPortalAnswer:
        """The address of a page for cards and tax ids, good for a few minutes.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/billing/portal`
        """
        return self._send(
            Call[types.BillingOpenPortalAnswer](
                method="POST", path="/v1/billing/portal", idempotency_key=idempotency_key
            )
        )

    def change_plan(
        self, *, idempotency_key: str | None = None, **body: Unpack[types.ChangeBody]
    ) -> types.BillingChangePlanAnswer:
        """Another plan: a larger one at once, a smaller one when the month is over.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/billing/change-plan`
        """
        return self._send(
            Call[types.BillingChangePlanAnswer](
                method="POST", path="/v1/billing/change-plan", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def cancel(self, *, idempotency_key: str | None = None, **body: Unpack[types.CancelBody]) -> types.Billing:
        """Cancel: at the end of what is paid for, or now.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/billing/cancel`
        """
        return self._send(
            Call[types.Billing](
                method="POST", path="/v1/billing/cancel", body=spelled(body), idempotency_key=idempotency_key
            )
        )

    def resume(self, *, idempotency_key: str | None = None) -> types.Billing:
        """Stay after all, before a cancellation takes effect.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/billing/resume`
        """
        return self._send(
            Call[types.Billing](method="POST", path="/v1/billing/resume", idempotency_key=idempotency_key)
        )

    def pay(self, *, idempotency_key: str | None = None) -> types.Billing:
        """Charge the card now for what is owed.

        Scope: `admin`. Not for a key that is bound to branches.

        `POST /v1/billing/pay`
        """
        return self._send(Call[types.Billing](method="POST", path="/v1/billing/pay", idempotency_key=idempotency_key))

    def set_payer(self, **body: Unpack[types.PayerBody]) -> types.Billing:
        """Where invoices go, and fapiao details.

        Scope: `admin`. Not for a key that is bound to branches.

        `PUT /v1/billing/payer`
        """
        return self._send(Call[types.Billing](method="PUT", path="/v1/billing/payer", body=spelled(body)))

    def invoices(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[types.BillingInvoicesItem]:
        """Own invoices, the newest first.

        Scope: `admin`. Not for a key that is bound to branches.

        `GET /v1/billing/invoices`
        """
        return Pages[types.BillingInvoicesItem](
            self._send, Call[Any](method="GET", path="/v1/billing/invoices", query={"limit": limit, "cursor": cursor})
        )


class Api:
    def __init__(self, send: Send) -> None:
        self.problem_types = ProblemTypes(send)
        self.templates = Templates(send)
        self.signup = Signup(send)
        self.sandbox = Sandbox(send)
        self.tenant = Tenant(send)
        self.branches = Branches(send)
        self.staff = Staff(send)
        self.staff_rules = StaffRules(send)
        self.api_keys = ApiKeys(send)
        self.approvals = Approvals(send)
        self.tills = Tills(send)
        self.audit_log = AuditLog(send)
        self.events = Events(send)
        self.event_types = EventTypes(send)
        self.members = Members(send)
        self.messages = Messages(send)
        self.cards = Cards(send)
        self.join_codes = JoinCodes(send)
        self.passes = Passes(send)
        self.quotes = Quotes(send)
        self.purchases = Purchases(send)
        self.wallet = Wallet(send)
        self.reports = Reports(send)
        self.activities = Activities(send)
        self.points = Points(send)
        self.segments = Segments(send)
        self.programme = Programme(send)
        self.price_lists = PriceLists(send)
        self.coupons = Coupons(send)
        self.rewards = Rewards(send)
        self.campaigns = Campaigns(send)
        self.message_texts = MessageTexts(send)
        self.tasks = Tasks(send)
        self.proof = Proof(send)
        self.jobs = Jobs(send)
        self.imports = Imports(send)
        self.exports = Exports(send)
        self.configuration = Configuration(send)
        self.webhooks = Webhooks(send)
        self.billing = Billing(send)
