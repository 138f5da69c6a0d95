"""From a filled-in form to a member: the number is shown to be one's own by digits, or is marked as not shown.

What the browser hears is the same whether the number is a member's already or not: that is said by SMS, to that number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from saas.db import dumps
from saas.errors import DEFAULT_LANGUAGE, DomainError, FieldError
from saas.i18n import as_language
from saas.principal import Principal
from saas.scope import connection, current, tenant_scope
from saas.validation import parse_body
from tenants.digital_card.links import card_address
from tenants.digital_card.sms_codes import MINUTES, new_code
from tenants.joining.agreeing import agree
from tenants.joining.codes import Found
from tenants.joining.inviting import bringer
from tenants.joining.waiting import Waiting
from tenants.members.bodies import NewMember
from tenants.members.eligibility import require_eligible, years_between
from tenants.members.enrol import enrol, require_day
from tenants.members.identities import PHONE
from tenants.members.terms import Terms, present_terms
from tenants.members.whereabouts import household_of, locate_identity
from tenants.messages.gateway import HandOverError, hand_over
from tenants.messages.sending import Letter, send

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

ALONE_FROM: Final = 14
"""Below this age a parent has to agree (PIPL, article 31): at the counter."""
PURPOSE: Final = "join"
_CHAIN: Final = "SELECT t.name, t.locale FROM tenant AS t WHERE t.tenant_id = $1"
_UNVERIFIED: Final = "UPDATE member AS m SET phone_unverified = true WHERE m.tenant_id = $1 AND m.id = $2"
_CODE_TEXTS: Final = {
    "zh-CN": "【{chain}】验证码 {code}，用于加入会员，{minutes} 分钟内有效。非本人操作请忽略。",
    "en": "{chain}: {code} is your code to become a member. Valid {minutes} minutes. Not you? Ignore this.",
}
_KNOWN_TEXTS: Final = {
    "zh-CN": "【{chain}】您已是会员，无需重复加入。打开会员卡：{url} 请勿转发。",
    "en": "{chain}: you are a member already. Your card: {url} Keep it to yourself.",
}
_SHARED_TEXTS: Final = {
    "zh-CN": "【{chain}】这个号码已是会员，请到收银台领取会员卡。",
    "en": "{chain}: this number is a member's already. Please get the card at the counter.",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form says, sound as far as can be told without asking whose the number is."""

    body: NewMember
    agreed: frozenset[str]
    referred: str | None


def who_joins(found: Found) -> Principal:
    """Who acts where nobody is known yet."""
    return Principal("page:join", found.tenant_id, frozenset())


def read_form(form: Mapping[str, str], terms: Terms, branch_id: UUID | None) -> Typed:
    """Raises DomainError `validation-failed` or `not-eligible` with what is wrong, by field."""
    given = {name: form.get(name, "").strip() or None for name in ("phone", "name", "birthday")}
    errors: list[FieldError] = []
    if given["phone"] is None:
        errors.append(FieldError("/phone", "required"))
    if form.get("membership") != "yes":
        errors.append(FieldError("/membership", "consent-needed"))
    if errors:
        raise DomainError("validation-failed", errors=errors)
    data = {name: value for name, value in given.items() if value is not None}
    where = {"branch_id": str(branch_id) if branch_id else None, "source": "page"}
    body = parse_body(NewMember, dumps({**data, **where}).encode())
    require_day(body.birthday, terms.today, "/birthday", "in-the-future")
    require_eligible(terms.programme.eligibility, "person", body.birthday, terms.today)
    _require_old_enough(body.birthday, terms.today)
    agreed = frozenset(kind for kind in ("membership", "sms") if form.get(kind) == "yes")
    return Typed(body, agreed, form.get("r", "")[:64] or None)


def _require_old_enough(birthday: date | None, today: date) -> None:
    if birthday is not None and years_between(birthday, today) < ALONE_FROM:
        raise DomainError("validation-failed", errors=[FieldError("/birthday", "parent-needed", {"age": ALONE_FROM})])


async def send_digits(found: Found, about: str, phone: str, request_id: str | None) -> None:
    """Behind the answer, so that it takes as long for any number: digits to who is new, word to who is a member."""
    try:
        letter = await _written(found, about, phone, request_id)
        if letter is not None:
            await hand_over(found.tenant_id, letter)
    except (DomainError, HandOverError) as error:
        log.warning("no digits for a sign-up", error=str(error), tenant_id=str(found.tenant_id))


async def _written(found: Found, about: str, phone: str, request_id: str | None) -> Letter | None:
    async with tenant_scope(found.tenant_id, principal=who_joins(found), request_id=request_id):
        chain = await connection().fetchrow(_CHAIN, current().tenant_id)
        if chain is None:
            return None
        language, name = as_language(chain["locale"]) or DEFAULT_LANGUAGE, chain["name"]
        if await tell_if_known(phone):
            return None
    code = await new_code(about)
    return Letter(uuid7(), "sms", phone, _CODE_TEXTS[language].format(chain=name, code=code, minutes=MINUTES))


async def tell_if_known(phone: str) -> bool:
    """Whether the number is a member's; then an SMS to it says so, with the card where it is one member's alone."""
    chain = await connection().fetchrow(_CHAIN, current().tenant_id)
    language = as_language(chain["locale"] if chain else None) or DEFAULT_LANGUAGE
    name = chain["name"] if chain else ""
    member_id = await member_of_phone(phone)
    if member_id is not None:
        text = _KNOWN_TEXTS[language].format(chain=name, url=await card_address(member_id))
        await send(member_id, "sms", PURPOSE, text, marketing=False)
        return True
    household = await household_of(phone)
    if household:
        await send(household[0]["id"], "sms", PURPOSE, _SHARED_TEXTS[language].format(chain=name), marketing=False)
    return bool(household)


async def member_of_phone(phone: str) -> UUID | None:
    """The one active member that the number leads to; None where there is none, or several."""
    try:
        return await locate_identity(PHONE, phone)
    except DomainError:
        return None


async def join(found: Found, waiting: Waiting, *, verified: bool) -> UUID:
    """A new member, with what was agreed to. Raises DomainError as enrolling does; then nothing must last.

    `phone-taken` also where members may share a phone: a stranger would make a household of anybody's number, and tills
    that ask by it would find several.
    """
    terms = await present_terms()
    if await member_of_phone(waiting.phone) is not None or await household_of(waiting.phone):
        raise DomainError("phone-taken")
    data: dict[str, Any] = {
        "phone": waiting.phone,
        "name": waiting.name,
        "birthday": waiting.birthday,
        "branch_id": str(found.branch_id) if found.branch_id else None,
        "consents": {"sms": True} if "sms" in waiting.agreed else {},
        "source": "page",
    }
    referrer = await bringer(waiting.referred) if waiting.referred else None
    if referrer is not None:
        data["referrer_id"] = str(referrer)
    row = await enrol(parse_body(NewMember, dumps(data).encode()), terms)
    await agree(row["id"], waiting.agreed, waiting.language)  # type: ignore[arg-type]  # its kinds, as they were kept
    if not verified:
        await connection().execute(_UNVERIFIED, current().tenant_id, row["id"])
    member_id: UUID = row["id"]
    return member_id


async def join_unverified(found: Found, waiting: Waiting, request_id: str | None) -> None:
    """Where no SMS can be sent: behind the answer, which is the same for every number. The counter hands out cards."""
    try:
        async with tenant_scope(found.tenant_id, principal=who_joins(found), request_id=request_id):
            await join(found, waiting, verified=False)
    except DomainError as error:
        log.info("no new member by the sign-up page", error=error.code, tenant_id=str(found.tenant_id))
