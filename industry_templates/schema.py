"""The shape of an industry template: a complete programme, and what its chain owner should know about it."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from tenants.programme.document import Programme, warnings
from tenants.programme.strict import Code, Names, Strict, as_tuple

Paragraph = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Prose(Strict):
    """A paragraph in both languages of the product."""

    zh_cn: Paragraph = Field(alias="zh-CN")
    en: Paragraph


class Note(Strict):
    """One thing to know about the template; `ours`: our choice, not the market's, and easily changed."""

    ours: bool
    texts: Prose


def _meant(programme: Programme) -> Programme:
    doubts = warnings(programme)
    if doubts:
        raise PydanticCustomError(
            "doubtful-template", "{pointer} asks more than a higher rank", {"pointer": doubts[0].pointer}
        )
    return programme


class Template(Strict):
    """An industry's programme, ready to use; every part can be changed after it's chosen."""

    code: Code
    names: Names
    summary: Prose
    notes: Annotated[tuple[Note, ...], BeforeValidator(as_tuple)]
    programme: Annotated[Programme, AfterValidator(_meant)]
