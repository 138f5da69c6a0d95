"""What kind of text a file is: CSV or NDJSON, UTF-8 or GB18030."""

import codecs
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

Form = Literal["csv", "ndjson"]

_HEAD: Final = 64 * 1024
_SAMPLE_LINES: Final = 1000
_MAGIC: Final = 16
_OTHER_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_NDJSON_NAMES: Final = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
_NDJSON_TYPES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")


class NotTextError(ValueError):
    """No file for us. `code` is one of our messages, with `params`."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True, slots=True)
class Format:
    """`offset` is the first byte after a byte order mark."""

    form: Form
    encoding: str
    offset: int


def sniff(file: BinaryIO, filename: str, media_type: str) -> Format:
    """Looks at the file's beginning, and for the encoding as far as it must. Raises NotTextError."""
    file.seek(0)
    head = file.read(_HEAD)
    marked = head.startswith(codecs.BOM_UTF8)
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise NotTextError("file-empty")
    for mark, name in _OTHER_MARKS:
        if head.startswith(mark):
            raise NotTextError("encoding-not-accepted", encoding=name)
    if b"\0" in head[:_MAGIC]:  # further on it is a bad row's
        raise NotTextError("not-text")
    offset = len(codecs.BOM_UTF8) if marked else 0
    encoding = "utf-8" if marked else _encoding(file)
    return Format(_form(head[offset:], filename, media_type), encoding, offset)


def _form(head: bytes, filename: str, media_type: str) -> Form:
    named = filename.lower().endswith(_NDJSON_NAMES) or media_type in _NDJSON_TYPES
    return "ndjson" if named or head.lstrip().startswith(b"{") else "csv"


def _encoding(file: BinaryIO) -> str:
    """UTF-8, unless more of the first thousand lines that aren't ASCII fail in it than pass.

    A file of the other encoding fails on nearly every such line; a single damaged line must not turn a UTF-8
    file into Chinese characters that nobody wrote.
    """
    file.seek(0)
    good = bad = 0
    while good + bad < _SAMPLE_LINES and (raw := file.readline(_HEAD)):
        if raw.isascii():
            continue
        if _is_utf8(raw):
            good += 1
        else:
            bad += 1
    return "gb18030" if bad > good else "utf-8"


def _is_utf8(raw: bytes) -> bool:
    """A line cut short by the limit may end in the middle of a character: that is no failure."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw, final=raw.endswith(b"\n"))
    except UnicodeDecodeError:
        return False
    return True
