"""What callers send about members."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from saas.errors import InvalidValueError
from saas.validation import Body, ExternalId, ListQuery, LocalDate, Name
from tenants.members.phones import LONGEST, normalise_phone

Phone = Annotated[str, Field(max_length=LONGEST), AfterValidator(normalise_phone)]
"""Any usual way of writing a number, kept as E.164."""
Gender = Literal["female", "male", "other"]
BATCH_LIMIT = 1000


class WechatBody(Body):
    """Who the member is to one WeChat app, and across the chain's apps."""

    app_id: ExternalId
    openid: ExternalId
    unionid: ExternalId | None = None


class NewMember(Body):
    """At least a name or one identifier. `joined_on`: today on the tenant's clock where left out."""

    phone: Phone | None = None
    name: Name | None = None
    external_id: ExternalId | None = None
    card_no: ExternalId | None = None
    wechat: WechatBody | None = None
    birthday: LocalDate | None = None
    gender: Gender | None = None
    joined_on: LocalDate | None = None
    branch_id: UUID | None = None

    @model_validator(mode="after")
    def _someone(self) -> Self:
        if not any((self.phone, self.name, self.external_id, self.card_no, self.wechat)):
            raise InvalidValueError("identifier-missing", expected="phone, name, external_id, card_no, wechat")
        return self


class MemberChange(Body):
    """What is left out stays; null takes away. `joined_on` isn't here: rules read it, so that changing it is a
    fact with its own record, which doesn't exist yet.
    """

    phone: Phone | None = None
    name: Name | None = None
    external_id: ExternalId | None = None
    card_no: ExternalId | None = None
    wechat: WechatBody | None = None
    birthday: LocalDate | None = None
    gender: Gender | None = None
    branch_id: UUID | None = None


class MembersQuery(ListQuery):
    """Filters, all of which must hold. `q`: the phone's last four digits, a whole phone or card number, or how the
    name begins. `tier`: a code of the main ladder, or `ladder:code`.
    """

    phone: Phone | None = None
    card_no: ExternalId | None = None
    external_id: ExternalId | None = None
    q: Name | None = None
    tier: Annotated[str, Field(min_length=1, max_length=130)] | None = None


class MembersBatch(Body):
    """Each item is read by itself: one bad item refuses itself only."""

    items: list[Any]
