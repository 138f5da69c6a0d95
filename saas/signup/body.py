"""What a chain owner sends to sign up."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from industry_templates import loader
from saas.errors import InvalidValueError
from saas.passwords import require_strong
from saas.validation import Body, CurrencyCode, Email, LocaleTag, Name, Slug, TimeZoneName


def _known_template(code: str) -> str:
    if code not in loader.load_all():
        raise InvalidValueError("unknown-template")
    return code


def _single_hyphens(slug: str) -> str:
    if "--" in slug:
        raise InvalidValueError("wrong-format")
    return slug


class SignUp(Body):
    """`slug` is the chain's name in addresses; without one it's made from the company's name. `variant` is one of the
    template's ladder sets, where it has some to choose from; without one it's the first. `name` is the owner's own;
    without one it's what stands before the @. `samples`: with a sample chain beside it, to look around in.
    """

    company: Name
    template: Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_template)]
    variant: Annotated[str, StringConstraints(max_length=64)] | None = None
    email: Email
    password: Annotated[str, Field(max_length=1000, repr=False)]
    locale: LocaleTag
    timezone: TimeZoneName
    currency: CurrencyCode
    slug: Annotated[Slug, AfterValidator(_single_hyphens)] | None = None
    name: Name | None = None
    samples: bool = False

    @model_validator(mode="after")
    def _has_variant(self) -> Self:
        try:
            loader.get(self.template).variant(self.variant)
        except LookupError:
            raise InvalidValueError("unknown-variant", at="/variant") from None
        return self

    @model_validator(mode="after")
    def _strong(self) -> Self:
        try:
            require_strong(self.password, self.email, self.company, self.name or "")
        except InvalidValueError as error:
            raise InvalidValueError(error.code, at="/password", **error.params) from None
        return self
