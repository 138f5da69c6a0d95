"""What callers send about members."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from saas.errors import InvalidValueError
from saas.validation import Body, ChangeBody, ExternalId, ListQuery, LocalDate, Name
from tenants.members.birthdays import Calendar
from tenants.members.consents import Channel
from tenants.members.eligibility import Kind
from tenants.members.phones import LONGEST, normalise_phone
from tenants.members.tags import Tag, Tags

Phone = Annotated[str, Field(max_length=LONGEST), AfterValidator(normalise_phone)]
"""Any usual way of writing a number, kept as E.164."""
Gender = Literal["female", "male", "other"]
Source = Literal["api", "till", "page"]
"""Where a member is enrolled or a consent is given: by a program, at the counter, on the sign-up page."""
Attributes = Annotated[dict[str, Any], Field(max_length=100)]
"""Values of the programme's declared attributes by their codes; null takes one away."""
Consents = dict[Channel, bool]
BATCH_LIMIT = 1000


class WechatBody(Body):
    """Who the member is to one WeChat app, and across the chain's apps."""

    app_id: ExternalId
    openid: ExternalId
    unionid: ExternalId | None = None


class NewMember(Body):
    """At least a name or one identifier. `joined_on`: today on the tenant's clock where left out. `enrolled_by`: who
    did it, in the chain's own words; left out, the key. `birthday` is the solar date of birth, `birthday_calendar` the
    one that it is kept by: `lunar` for 农历.
    """

    SOME_OF = ("phone", "name", "external_id", "card_no", "wechat")

    phone: Phone | None = None
    name: Name | None = None
    external_id: ExternalId | None = None
    card_no: ExternalId | None = None
    wechat: WechatBody | None = None
    kind: Kind = "person"
    birthday: LocalDate | None = None
    birthday_calendar: Calendar = "solar"
    gender: Gender | None = None
    joined_on: LocalDate | None = None
    branch_id: UUID | None = None
    referrer_id: UUID | None = None
    tags: Tags = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict)
    consents: Consents = Field(default_factory=dict)
    source: Source = "api"
    enrolled_by: Name | None = None

    @model_validator(mode="after")
    def _someone(self) -> Self:
        if not any((self.phone, self.name, self.external_id, self.card_no, self.wechat)):
            raise InvalidValueError("identifier-missing", expected="phone, name, external_id, card_no, wechat")
        return self


class MemberChange(ChangeBody):
    """What is left out stays; null takes away. `tags` replaces all tags; of `attributes` and `consents` those named
    change. `joined_on` and `referrer_id` are read by rules: their changes are facts, with the member's next number.
    `source`: where the consents were given.
    """

    CLEARABLE = frozenset(
        ("phone", "name", "external_id", "card_no", "wechat", "birthday", "gender", "branch_id", "referrer_id", "tags")
    )

    phone: Phone | None = None
    name: Name | None = None
    external_id: ExternalId | None = None
    card_no: ExternalId | None = None
    wechat: WechatBody | None = None
    kind: Kind | None = None
    birthday: LocalDate | None = None
    birthday_calendar: Calendar | None = None
    gender: Gender | None = None
    joined_on: LocalDate | None = None
    branch_id: UUID | None = None
    referrer_id: UUID | None = None
    tags: Tags | None = None
    attributes: Attributes | None = None
    consents: Consents | None = None
    source: Source = "api"


Sort = Literal[
    "created", "-created", "name", "-name", "last_visit", "-last_visit", "spend", "-spend", "points", "-points"
]


class MembersQuery(ListQuery):
    """Filters, all of which must hold. `q`: the phone's last four digits, a whole phone, card number or external id, or
    how the name begins. `tier`: a code of the main ladder, or `ladder:code`. `segment`: its code or id. `branch_id`:
    where the member is at home. `openid` goes with its `app_id`. Those who have left are listed by `status` only.

    `sort`: by when they came (`created`), name, last purchase that stands (`last_visit`), net spend of all time, or
    points to spend; `-` turns it round. Who has no value stands at the end either way.
    """

    phone: Phone | None = None
    card_no: ExternalId | None = None
    external_id: ExternalId | None = None
    unionid: ExternalId | None = None
    app_id: ExternalId | None = None
    openid: ExternalId | None = None
    q: Name | None = None
    tier: Annotated[str, Field(min_length=1, max_length=130)] | None = None
    tag: Tag | None = None
    segment: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    branch_id: UUID | None = None
    status: Literal["active", "closed", "erased"] = "active"
    sort: Sort = "-created"

    @model_validator(mode="after")
    def _openid_of_an_app(self) -> Self:
        if (self.app_id is None) != (self.openid is None):
            raise InvalidValueError("required", at="/app_id" if self.app_id is None else "/openid")
        return self


class MembersBatch(Body):
    """Each item is read by itself: one bad item refuses itself only."""

    items: list[Any]
