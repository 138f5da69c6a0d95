"""Cells as values. Each function raises InvalidValueError with the code that the row's error gets."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Literal

from saas.errors import InvalidValueError
from saas.field_types import EARLIEST, LATEST, clean_line, parse_date
from saas.money import MAX_MINOR, parse_decimal_amount
from tenants.members.birthdays import Calendar

Gender = Literal["female", "male", "other"]
Kind = Literal["person", "company"]

_TIME: Final = re.compile(
    r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})"
    r"(?:[Tt ]([0-9]{1,2})(:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|z|[+-][0-9]{2}:[0-9]{2})?))?"
)
_DAY: Final = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})")
_MINOR: Final = re.compile(r"-?[0-9]{1,18}")
_BRANCH_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_GENDERS: Final[dict[str, Gender]] = {
    **dict.fromkeys(("f", "female", "女", "女性"), "female"),
    **dict.fromkeys(("m", "male", "男", "男性"), "male"),
    **dict.fromkeys(("o", "other", "其他"), "other"),
}


_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("person", "个人"), "person"),
    **dict.fromkeys(("company", "企业", "公司", "单位"), "company"),
}

_CALENDARS: Final[dict[str, Calendar]] = {
    **dict.fromkeys(("solar", "公历", "阳历", "新历"), "solar"),
    **dict.fromkeys(("lunar", "农历", "阴历", "旧历"), "lunar"),
}


def text(cell: str, longest: int, encoding: str) -> str:
    """One line of at most `longest` characters. Raises `wrong-encoding`, `control-character`, `too-long`, `blank`."""
    if cell.isascii() and cell.isprintable():
        line = cell
    else:
        if any("\udc80" <= c <= "\udcff" for c in cell):
            raise InvalidValueError("wrong-encoding", encoding=encoding)
        line = clean_line(cell)
    if len(line) > longest:
        raise InvalidValueError("too-long", max=longest)
    return line


def branch_code(cell: str) -> str:
    """Raises `unknown-branch` for what can't be a code at all."""
    if _BRANCH_CODE.fullmatch(cell) is None:
        raise InvalidValueError("unknown-branch")
    return cell


def gender(cell: str) -> Gender:
    """M, F, 男, 女, male, female, other, in any case. Raises `not-allowed`."""
    found = _GENDERS.get(cell.lower())
    if found is None:
        raise InvalidValueError("not-allowed", expected="female, male, other, F, M, 女, 男")
    return found


def member_kind(cell: str) -> Kind:
    """person, company, 个人, 企业, 公司, 单位, in any case. Raises `not-allowed`."""
    found = _KINDS.get(cell.lower())
    if found is None:
        raise InvalidValueError("not-allowed", expected="person, company, 个人, 企业")
    return found


def calendar(cell: str) -> Calendar:
    """solar, lunar, 公历, 农历, 阳历, 阴历, in any case. Raises `not-allowed`."""
    found = _CALENDARS.get(cell.lower())
    if found is None:
        raise InvalidValueError("not-allowed", expected="solar, lunar, 公历, 农历")
    return found


def day(cell: str) -> date:
    """YYYY-MM-DD or YYYY/MM/DD; a time of midnight behind it, as exports write, is dropped.

    Raises `invalid-date`, `out-of-range`.
    """
    head, _, rest = cell.replace("T", " ").partition(" ")
    match = _DAY.fullmatch(head)
    if match is None or rest.strip("0:. ") != "":
        raise InvalidValueError("invalid-date")
    return parse_date(f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}")


def amount(cell: str, currency: str, *, minor_units: bool) -> int:
    """Minor units, negative ones too. Raises `invalid-amount`, `too-many-decimals`, `out-of-range`."""
    if not minor_units:
        return parse_decimal_amount(cell, currency)
    if _MINOR.fullmatch(cell) is None:
        raise InvalidValueError("invalid-amount")
    minor = int(cell)
    if abs(minor) > MAX_MINOR:
        raise InvalidValueError("out-of-range")
    return minor


@dataclass(frozen=True, slots=True)
class Times:
    """Reads times for a tenant in `zone`; `latest` is the last instant that may be believed (UTC)."""

    zone: tzinfo
    latest: datetime

    def instant(self, cell: str) -> tuple[datetime, date]:
        """RFC 3339, or local without an offset (seconds, or the whole time, may be missing: midnight). Month, day and
        hour may have one digit, as spreadsheets write them: `2026/1/5 8:30`. Returns the instant in UTC and its local
        day.

        A local time that comes twice is the first of the two; one that the clocks skip is the instant of the skip.
        Raises `invalid-datetime`, `out-of-range`, `occurred-too-far-ahead`.
        """
        match = _TIME.fullmatch(cell)
        if match is None:
            raise InvalidValueError("invalid-datetime")
        year, _, month, day, hour, rest = match.groups()
        clock = "" if hour is None else f"T{hour:0>2}{rest.upper()}"
        try:
            written = datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}{clock}")
            moment, local = self._both(written)
        except (ValueError, OverflowError):
            raise InvalidValueError("invalid-datetime") from None
        if not EARLIEST <= moment < LATEST:
            raise InvalidValueError("out-of-range")
        if moment > self.latest:
            raise InvalidValueError("occurred-too-far-ahead")
        return moment, local

    def _both(self, written: datetime) -> tuple[datetime, date]:
        """The instant in UTC and its local day."""
        if written.tzinfo is not None:
            return written.astimezone(UTC), written.astimezone(self.zone).date()
        moment = written.replace(tzinfo=self.zone).astimezone(UTC)
        local = moment.astimezone(self.zone)
        if local.replace(tzinfo=None) != written:
            moment = _end_of_gap(written, self.zone)
            local = moment.astimezone(self.zone)
        return moment, local.date()


def _end_of_gap(naive: datetime, zone: tzinfo) -> datetime:
    """The instant at which the clocks skip `naive`: looked for by halves, since the zone doesn't tell it."""

    def is_past(second: int) -> bool:
        return datetime.fromtimestamp(second, zone).replace(tzinfo=None) >= naive

    around = int(naive.replace(tzinfo=UTC).timestamp())
    return datetime.fromtimestamp(_first(is_past, around - 2 * 86400, around + 2 * 86400), UTC)


def _first(holds: Callable[[int], bool], before: int, after: int) -> int:
    """The smallest number for which `holds`, between one that fails and one that passes."""
    while after - before > 1:
        middle = (before + after) // 2
        if holds(middle):
            after = middle
        else:
            before = middle
    return after


def day_ahead(now: datetime) -> datetime:
    """The last instant that a fact may name at `now`."""
    return now + timedelta(days=1)
