"""The body of `POST /v1/imports` for the API's contract. The handler reads the body as a stream and has no parameter
for it, so Litestar can't know its parts.
"""

from dataclasses import dataclass
from typing import Final, cast

from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

from tenants.imports.options import ImportOptions

_EXAMPLE: Final = {
    "file": "会员号,姓名,手机\r\nV-20418,林小青,13912345678\r\n",
    "options": {"kind": "members", "mapping": {"会员号": "external_id", "姓名": "name", "手机": "phone"}},
}


@dataclass
class ImportOperation(Operation):
    """The operation with its multipart body."""

    def __post_init__(self) -> None:
        file = Schema(
            type=OpenAPIType.STRING,
            format=OpenAPIFormat.BINARY,
            description="CSV with a header (UTF-8 or GB18030) or NDJSON; may be gzip.",
        )
        options = cast("Schema", ImportOptions.model_json_schema())  # JSON Schema already: it goes out as it is
        parts = Schema(
            type=OpenAPIType.OBJECT,
            required=["file", "options"],
            properties={"file": file, "options": options},
            additional_properties=False,
        )
        # An object's part is JSON by default.
        content = {"multipart/form-data": OpenAPIMediaType(schema=parts, example=_EXAMPLE)}
        self.request_body = RequestBody(content=content, required=True)
