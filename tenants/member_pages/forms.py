"""The form of a member: what its fields say as a body of the API, and what is kept as its fields."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from saas.i18n import Tongue
from tenants.members.consents import CHANNELS
from tenants.programme.rules import Attribute

Form = dict[str, str]
_PLAIN: Final = ("name", "phone", "card_no", "external_id", "birthday", "gender", "branch_id")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_SEPARATORS: Final = re.compile(r"[,;|、，；｜]")
_YES: Final = "yes"


def enrolment_of(form: Form, attributes: tuple[Attribute, ...]) -> bytes:
    """`NewMember` as JSON: what was left empty isn't there."""
    body = {name: value for name, value in _plain(form).items() if value is not None}
    values = {code: value for code, value in _attributes(form, attributes).items() if value is not None}
    consents = {channel: True for channel in CHANNELS if form.get(f"consents_{channel}")}
    return json.dumps({**body, **_shared(form), "attributes": values, "consents": consents}).encode()


def change_of(form: Form, attributes: tuple[Attribute, ...]) -> bytes:
    """`MemberChange` as JSON: what was emptied is taken away. The phone isn't shown in the form: left empty it stays,
    and a box takes it away.
    """
    body = _plain(form)
    if body["phone"] is None and not form.get("phone_gone"):
        del body["phone"]
    consents = {channel: bool(form.get(f"consents_{channel}")) for channel in CHANNELS}
    values = _attributes(form, attributes)
    return json.dumps({**body, **_shared(form), "attributes": values, "consents": consents}).encode()


def _plain(form: Form) -> dict[str, str | None]:
    return {name: form.get(name, "").strip() or None for name in _PLAIN}


def _shared(form: Form) -> dict[str, Any]:
    return {
        "birthday_calendar": form.get("birthday_calendar") or "solar",
        "tags": [tag.strip() for tag in _SEPARATORS.split(form.get("tags", "")) if tag.strip()],
        "source": "till",
    }


def _attributes(form: Form, attributes: tuple[Attribute, ...]) -> dict[str, Any]:
    return {one.code: _value(one, form.get(f"attributes_{one.code}", "").strip()) for one in attributes}


def _value(attribute: Attribute, text: str) -> Any:
    """As the API takes it; what is no number stays text, and is refused as such."""
    if not text:
        return None
    if attribute.type == "boolean":
        return text == _YES
    if attribute.type == "number" and _NUMBER.fullmatch(text):
        return json.loads(text)
    return text


def filled(member: Mapping[str, Any], speaks: Tongue) -> Form:
    """The fields of a member as it's kept (`members.showing.shown`), without the phone."""
    form = {name: str(member[name] or "") for name in _PLAIN if name != "phone"}
    form["birthday_calendar"] = member["birthday_calendar"]
    form["tags"] = speaks.say(", ").join(member["tags"])
    form |= {f"consents_{channel}": _YES for channel, given in member["consents"].items() if given}
    for code, value in member["attributes"].items():
        form[f"attributes_{code}"] = (_YES if value else "no") if isinstance(value, bool) else str(value)
    return form
