"""Sends what was made up to a chain through the API, as tills and shop systems would. All may be sent twice."""

from collections.abc import Iterable, Sequence
from typing import Any

from saas.demo.client import Client
from saas.demo.industry import Industry
from saas.demo.people import Person, external_id
from saas.demo.visits import Action, Ticket


class Writer:
    """Writes to one chain. `branches`: its branches' ids, in the order of the industry's table; `final`: its tills send
    amounts from which they took discounts, if any.
    """

    def __init__(self, client: Client, branches: Sequence[str], *, final: bool) -> None:
        self._final = final
        self._client = client
        self._branches = branches
        self._members: dict[int, str] = {}
        self._given_back: dict[str, dict[str, Any]] = {}

    def enrol(self, joining: Iterable[Person]) -> None:
        """Referrers first: `joining` is in the order of numbers, and they have lower ones."""
        plain: list[Person] = []
        for person in joining:
            if person.referrer is not None:
                self._enrol(plain)
                plain = []
            plain.append(person)
        self._enrol(plain)

    def sell(self, tickets: Sequence[Ticket]) -> None:
        answers = self._client.send_batch("/v1/purchases:batch", [self._purchase(ticket) for ticket in tickets])
        for ticket, made in zip(tickets, answers, strict=True):
            if ticket.refund is not None and made is not None:
                self._given_back[ticket.external_id] = made

    def refund(self, ticket: Ticket) -> None:
        """Gives back what was paid for what the ticket's refund says. One that an earlier start sold is asked for by
        sending it again.
        """
        if ticket.refund is None:
            return
        made = self._given_back.pop(ticket.external_id, None)
        if made is None:
            made = self._client.post("/v1/purchases", self._purchase(ticket))
        line = ticket.refund.line
        what: dict[str, Any] = {"amount": made["paid"]}
        if line is not None:
            what = {"lines": [{"line": line, "amount": made["lines"][line]["amount"]}]}
        body = {**what, "external_id": f"{ticket.external_id}-R", "reason": "顾客退货"}
        self._client.post(f"/v1/purchases/{made['id']}/refunds", body)

    def act(self, actions: Iterable[Action]) -> None:
        items = [
            {
                "phone": action.phone,
                "branch_id": self._branches[action.branch],
                "kind": action.kind,
                "external_id": action.external_id,
                "occurred_at": action.at.isoformat(),
                **({} if action.value is None else {"value": action.value}),
                **({} if action.data is None else {"data": action.data}),
            }
            for action in actions
        ]
        self._client.send_batch("/v1/activities:batch", items)

    def _enrol(self, some: Sequence[Person]) -> None:
        answers = self._client.send_batch(
            "/v1/members:batch", [self._member(p) for p in some], "external-id-taken", "phone-taken"
        )
        self._members |= {p.number: made["id"] for p, made in zip(some, answers, strict=True) if made is not None}

    def _member(self, person: Person) -> dict[str, Any]:
        return {
            "external_id": person.external_id,
            "phone": person.phone,
            "name": person.name,
            "joined_on": person.joined_on.isoformat(),
            "branch_id": self._branches[person.branch],
            "source": person.source,
            "tags": list(person.tags),
            "attributes": person.traits,
            "consents": dict.fromkeys(sorted(person.agrees), True),
            **({} if person.enrolled_by is None else {"enrolled_by": person.enrolled_by}),
            **({} if person.card_no is None else {"card_no": person.card_no}),
            **({"kind": "company"} if person.habit.company else {"gender": person.gender}),
            **({} if person.birthday is None else {"birthday": person.birthday.isoformat()}),
            **({} if person.referrer is None else {"referrer_id": self.member_id(person.referrer)}),
        }

    def member_id(self, number: int) -> str:
        """Of a member who is in already; one whom an earlier start enrolled is asked for."""
        if number not in self._members:
            found = self._client.get(f"/v1/members?external_id={external_id(number)}")["data"]
            self._members[number] = found[0]["id"]
        return self._members[number]

    def _purchase(self, ticket: Ticket) -> dict[str, Any]:
        tenders = [{"type": tender, "amount": amount} for tender, amount in ticket.tenders]
        return {
            **({} if ticket.buyer is None else {"phone": ticket.buyer}),
            "branch_id": self._branches[ticket.branch],
            "external_id": ticket.external_id,
            "occurred_at": ticket.at.isoformat(),
            "lines": [
                {"category": line.category, "sku": line.sku, "quantity": line.quantity, "amount": line.amount}
                for line in ticket.lines
            ],
            **({"tenders": tenders} if tenders else {}),
            **({"points_to_redeem": ticket.points} if ticket.points else {}),
            **({"wallet_amount": ticket.wallet} if ticket.wallet else {}),
            "sold_by": ticket.sold_by,
            "external_amounts": self._final,
        }


def branch_code(industry: Industry, number: int) -> str:
    """The code of the branch at that place of the table; the first is the one that came with the sign-up."""
    return industry.branches[number].code if number else "main"


def open_branches(client: Client, industry: Industry) -> list[str]:
    """The ids of the industry's branches, made where they are missing."""
    there = {branch["code"]: branch["id"] for branch in client.get("/v1/branches?limit=200")["data"]}
    ids = []
    for number, branch in enumerate(industry.branches):
        code = branch_code(industry, number)
        if code in there:
            client.patch(f"/v1/branches/{there[code]}", {"name": branch.name, "kind": branch.kind})
        else:
            there[code] = client.post("/v1/branches", {"code": code, "name": branch.name, "kind": branch.kind})["id"]
        ids.append(there[code])
    return ids
