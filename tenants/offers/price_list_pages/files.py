"""Price lists as CSV: written for a spreadsheet, and read back, every line that is wrong by its number."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from saas.csv_text import csv_text
from saas.errors import DomainError, FieldError, InvalidValueError, Language
from saas.i18n import Tongue, n_
from saas.money import parse_decimal_amount, to_decimal, ungrouped
from saas.validation import parse_item
from saas.wording import field_message
from tenants.price_lists.bodies import MOST_PRICES, Price

COLUMNS: Final = {
    "sku": n_("Item code"),
    "zh": n_("Name in Chinese"),
    "en": n_("Name in English"),
    "list_price": n_("List price"),
    "price": n_("Price for members"),
}
_KNOWN: Final = {
    "sku": {"sku", "商品编码", "编码", "item code", "code"},
    "zh": {"zh", "name_zh", "中文名称", "名称", "name in chinese", "name"},
    "en": {"en", "name_en", "英文名称", "name in english"},
    "list_price": {"list_price", "原价", "list price"},
    "price": {"price", "会员价", "价格", "price for members"},
}
_NAMED: Final = {"zh-CN": "zh", "en": "en"}
_TOLD: Final = 50
_GUARDED: Final = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a line (the head is line 1)."""

    line: int
    column: str
    message: str


@dataclass(slots=True)
class Read:
    """A file's prices as JSON data, and its faults, of which the first few are told. `columns`: those that it has."""

    columns: frozenset[str] = frozenset()
    prices: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    wrong: int = 0

    def add(self, fault: Fault) -> None:
        self.wrong += 1
        if len(self.faults) < _TOLD:
            self.faults.append(fault)

    def over(self, kept: Iterable[Mapping[str, Any]]) -> None:
        """Fills in what the file has no column for by the prices that are there: who brings new prices alone takes
        nobody's names away.
        """
        there = {one["sku"]: one for one in kept}
        for price in self.prices:
            was = there.get(price["sku"])
            if was is None:
                continue
            if "list_price" not in self.columns:
                price["list_price"] = was["list_price"]
            names = {name: was["names"].get(name) for name, column in _NAMED.items() if column not in self.columns}
            if len(names) == len(_NAMED):
                price["names"] = was["names"] or None
            elif price["names"] is not None and was["names"]:
                price["names"] |= names


def written(prices: Iterable[Mapping[str, Any]], currency: str, speaks: Tongue) -> str:
    """The prices under a head in the reader's language."""
    head = [speaks.say(name) for name in COLUMNS.values()]
    rows = (
        [
            one["sku"],
            one["names"].get("zh-CN"),
            one["names"].get("en"),
            None if one["list_price"] is None else to_decimal(one["list_price"], currency),
            to_decimal(one["price"], currency),
        ]
        for one in prices
    )
    return csv_text([head, *rows])


def decoded(raw: bytes) -> str:
    """Text of a file as spreadsheets write it. Raises DomainError `validation-failed` at `/file`."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DomainError("validation-failed", errors=[FieldError("/file", "wrong-encoding", {"encoding": "UTF-8"})])


def read(text: str, currency: str, language: Language) -> Read:
    """The file's prices; each line that isn't one is a fault, and so is a sku that comes twice."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    found = Read()
    try:
        _read(lines, found, currency, language)
    except csv.Error:  # a cell of more than 128 KiB: its quotation mark was never closed
        message = field_message(FieldError("", "wrong-format"), language)
        found.add(Fault(line=lines.line_num, column="sku", message=message))
    return found


def _read(lines: Iterator[list[str]], found: Read, currency: str, language: Language) -> None:
    seen = set[str]()
    places = _places(next(lines, []))
    found.columns = frozenset(places)
    missing = [column for column in ("sku", "price") if column not in places]
    if missing:
        for column in missing:
            found.add(Fault(1, column, field_message(FieldError("", "unknown-column"), language)))
        return
    for n, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        price = _price(n, {name: _cell(cells, at) for name, at in places.items()}, currency, language, found)
        if price is None:
            continue
        if price["sku"] in seen:
            found.add(Fault(n, column="sku", message=field_message(FieldError("", "duplicate"), language)))
            continue
        seen.add(price["sku"])
        found.prices.append(price)
        if len(found.prices) > MOST_PRICES:
            found.add(
                Fault(
                    n, column="sku", message=field_message(FieldError("", "too-many", {"max": MOST_PRICES}), language)
                )
            )
            break


def _places(head: list[str]) -> dict[str, int]:
    names = [cell.strip().lower() for cell in head]
    return {
        column: next(n for n, name in enumerate(names) if name in known)
        for column, known in _KNOWN.items()
        if any(name in known for name in names)
    }


def _cell(cells: list[str], at: int) -> str:
    """Without the mark that keeps a spreadsheet from reading text as a formula."""
    text = cells[at].strip() if at < len(cells) else ""
    return text[1:] if text.startswith("'") and text[1:].startswith(_GUARDED) else text


def _price(n: int, line: Mapping[str, str], currency: str, language: Language, found: Read) -> dict[str, Any] | None:
    wrong = found.wrong
    money = {name: _money(n, name, line.get(name, ""), currency, language, found) for name in ("list_price", "price")}
    chinese, english = line.get("zh", ""), line.get("en", "")
    names = {"zh-CN": chinese or english, "en": english or chinese}
    price = {"sku": line["sku"], "names": names if names["en"] else None, **money}
    if found.wrong > wrong:
        return None
    try:
        parse_item(Price, price)
    except DomainError as error:
        for one in error.errors:
            found.add(Fault(n, one.pointer.strip("/").partition("/")[0], field_message(one, language)))
        return None
    return price


def _money(n: int, column: str, text: str, currency: str, language: Language, found: Read) -> int | None:
    if not text and column == "list_price":
        return None
    try:
        minor = parse_decimal_amount(ungrouped(text.lstrip("¥￥$€£ ")), currency)
    except InvalidValueError as error:
        found.add(Fault(n, column, field_message(error.field_error(), language)))
        return None
    if minor < 0:
        found.add(Fault(n, column, field_message(FieldError("", "too-small", {"min": 0}), language)))
        return None
    return minor
