"""What a file is, found out before anything is imported: its kind, encoding, separator, header row and columns."""

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine

from karibu.imports.records import LONGEST, Records, TooLong, lines
from karibu.imports.strangers import stranger

MOST_COLUMNS = 1000
SEPARATORS = (",", ";", "\t", "|")
# What shops' exports come in besides Unicode; charset-normalizer chooses among them by what the text looks like.
LEGACY = ["cp1252", "gb18030", "shift_jis", "big5", "euc_kr", "cp1251", "cp1250", "mac_roman"]
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LOOKED_AT = 200  # rows that decide about separator, header and types
UNPACKED = 250_000_000  # bytes of a workbook's parts
KEYS_FROM = 50_000  # lines of a JSON file that are searched for keys
NUMBER = re.compile(r"[-+]?[\d .,']*\d%?")
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")  # who looks like this is a person, no column's name
SAYS = re.compile(r'"?sep=([,;\t|])"?\r?\n')
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")


TROUBLES = (OSError, csv.Error, UnicodeError, TooLong, pa.ArrowException, python_calamine.CalamineError)


class Unreadable(ValueError):
    """The file cannot be imported; the message says why, and what would help."""


@dataclass
class Understood:
    """What a file was found to be. `header_row` counts from 0; None where the columns have no names."""

    type: str  # csv xlsx jsonl parquet
    columns: list[str]
    encoding: str = ""
    separator: str = ""
    header_row: int | None = None
    sheet: str = ""  # of a workbook
    types: dict[str, str] = field(default_factory=dict)  # text number date
    sample: list[list[str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Understood":
        return cls(**stored)


def understand(path: Path) -> Understood:
    """Raises Unreadable."""
    try:
        start = _start(path)
        if not start.strip(b"\x00\r\n\t ,;|"):
            raise Unreadable("The file is empty.")
        if what := stranger(path, start):
            raise Unreadable(what)
        found = _by_content(path, start)
    except TooLong as error:
        raise Unreadable(str(error)) from error
    except TROUBLES as error:
        raise Unreadable(f"The file cannot be read: {error}") from error
    if len(found.columns) > MOST_COLUMNS:
        raise Unreadable(f"The file has {len(found.columns):,} columns; {MOST_COLUMNS:,} can be imported at most.")
    if not found.sample:
        raise Unreadable("The file has column names but no rows.")
    found.types = {name: _type([row[n] for row in found.sample]) for n, name in enumerate(found.columns)}
    found.sample = found.sample[:20]
    return found


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(65536)


def _by_content(path: Path, start: bytes) -> Understood:
    if start.startswith(b"PAR1"):
        return _parquet(path)
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _xlsx(path)
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return _jsonl(path)
    return _csv(path)


def _parquet(path: Path) -> Understood:
    file = pq.ParquetFile(path)
    rows = next(file.iter_batches(batch_size=LOOKED_AT), None)
    columns = file.schema_arrow.names
    sample = [] if rows is None else [[text(row[name]) for name in columns] for row in rows.to_pylist()]
    return Understood("parquet", columns, header_row=0, sample=sample)


def _xlsx(path: Path) -> Understood:
    _refuse_bomb(path)
    book = python_calamine.load_workbook(str(path))
    for name in book.sheet_names:  # the first that has rows
        sheet = book.get_sheet_by_name(name)
        if sheet.total_height > 1:
            rows = [[text(cell) for cell in row] for row in islice(sheet.iter_rows(), LOOKED_AT)]
            found = _with_header("xlsx", rows)
            found.sheet = name
            return found
    raise Unreadable("The workbook has no sheet with rows.")


def sheet_of(path: Path, name: str) -> python_calamine.CalamineSheet:
    book = python_calamine.load_workbook(str(path))
    return book.get_sheet_by_name(name or book.sheet_names[0])


def _refuse_bomb(path: Path) -> None:
    """A workbook is read into memory whole, and a small one may unpack to any size. Its own word is not believed."""
    if not zipfile.is_zipfile(path):
        return  # the older kind, which is not packed
    try:
        is_large = _unpacks_to(path, UNPACKED)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:  # RuntimeError: it has a password
        raise Unreadable("The workbook is damaged or locked. Save it again without a password.") from error
    if is_large:
        raise Unreadable("The workbook is too large to be read. Save the sheet as CSV: that has no limit.")


def _unpacks_to(path: Path, limit: int) -> bool:
    """Whether the parts of a packed file are longer than `limit` together, found out by unpacking piece by piece."""
    size = 0
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            with packed.open(name) as part:
                while piece := part.read(1 << 20):
                    size += len(piece)
                    if size > limit:
                        return True
    return False


def _jsonl(path: Path) -> Understood:
    keys: dict[str, None] = {}
    rows: list[dict[str, Any]] = []
    with path.open("rb") as file:
        for number, line in enumerate(islice(lines(file), KEYS_FROM), 1):
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line.removeprefix(codecs.BOM_UTF8), type=dict[str, Any])
            except (msgspec.DecodeError, RecursionError) as error:
                if number == 1:
                    raise Unreadable(f"Line 1 is no JSON object: {error}") from error
                continue  # set aside when it is imported
            keys.update(dict.fromkeys(row))
            if len(rows) < LOOKED_AT:
                rows.append(row)
    columns = list(keys)
    return Understood(
        "jsonl", columns, "utf-8", header_row=0, sample=[[text(row.get(k)) for k in columns] for row in rows]
    )


def _csv(path: Path) -> Understood:
    encoding = encoding_of(path)
    with open_text(path, encoding) as file:
        start = "".join(_first(lines(file)))
    separator = told[1] if (told := SAYS.match(start)) else _separator(start)
    # The last record of what was read may be cut in the middle of a quoted cell; that does not matter here.
    rows = [cells for _, fault, cells in Records(io.StringIO(start, newline=""), separator) if not fault]
    found = _with_header("csv", rows)
    found.encoding, found.separator = encoding, separator
    return found


def _first(source: Iterator[str]) -> Iterator[str]:
    """Enough lines to go by."""
    size = 0
    for line in islice(source, LOOKED_AT):
        yield line
        size += len(line)
        if size > LONGEST:
            return


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """Lines end where CR, LF or CRLF say so; the csv module sees them as they are."""
    return path.open(encoding=encoding, newline="")


def encoding_of(path: Path) -> str:
    """Of the whole file: its first foreign letter may stand in the last line."""
    start = _start(path)
    for bom, name in BOMS:
        if start.startswith(bom):
            return name
    if start.count(0) > len(start) // 4:  # half of the bytes of Western text in UTF-16
        return "utf-16-be" if start[:2000:2].count(0) > start[1:2000:2].count(0) else "utf-16-le"
    foreign = b"".join(islice(_not_utf8(path), 400))
    if not foreign:
        return "utf-8"
    import charset_normalizer  # large, and every process would load it at its start

    best = charset_normalizer.from_bytes(foreign, cp_isolation=LEGACY).best()
    western = "cp1252" if _fits(foreign, "cp1252") else "latin-1"
    letters = sum(byte > 127 for byte in foreign)
    # A few foreign letters prove nothing: most likely Western. Some more do not tell Western from Central European.
    if best is None or letters < 4 or (letters < 40 and best.encoding in ("cp1250", "mac_roman")):
        return western
    return best.encoding


def _not_utf8(path: Path) -> Iterator[bytes]:
    """Lines with foreign letters of a file that is not UTF-8; nothing for one that is."""
    with path.open("rb") as file:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
            return
        except UnicodeDecodeError:
            file.seek(0)
        while line := file.readline(1 << 16):
            if not line.isascii():
                yield line


def _fits(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _separator(start: str) -> str:
    """The one that cuts most rows into the same number (more than one) of cells."""
    scores = {}
    for candidate in SEPARATORS:
        rows = csv.reader(io.StringIO(start, newline=""), delimiter=candidate)
        widths = Counter(len(row) for row in rows if row)
        width, rows_of_it = widths.most_common(1)[0] if widths else (1, 0)
        scores[candidate] = (width > 1, rows_of_it / max(1, widths.total()), width)
    return max(SEPARATORS, key=lambda each: scores[each])


def _with_header(type_: str, rows: list[list[str]]) -> Understood:
    """Leading empty rows and remarks (one cell that starts with #) are passed over."""
    first = next((n for n, row in enumerate(rows) if any(cell.strip() for cell in row) and not _is_remark(row)), None)
    if first is None:
        raise Unreadable("The file has no rows.")
    width = len(rows[first])
    if _is_header(rows[first]):
        columns, body, header = named(rows[first]), rows[first + 1 :], first
    else:
        width = max(len(row) for row in rows)
        columns, body, header = named([""] * width), rows[first:], None
    sample = [(row + [""] * width)[: len(columns)] for row in body if any(row)]
    return Understood(type_, columns, header_row=header, sample=sample)


def _is_remark(row: list[str]) -> bool:
    """Also what Excel writes to say what separates the cells."""
    return row[0].lstrip().startswith(("#", "sep=")) and not any(row[1:])


def _is_header(row: list[str]) -> bool:
    return not any(kind.fullmatch(cell.strip()) for cell in row for kind in (NUMBER, DATE, MAIL))


def named(cells: list[str]) -> list[str]:
    """Column names: each once, none empty."""
    names: dict[str, None] = {}
    times: Counter[str] = Counter()
    for number, cell in enumerate(cells, 1):
        name = wanted = " ".join(cell.split()) or f"Column {number}"
        while name in names:
            times[wanted] += 1
            name = f"{wanted} ({times[wanted] + 1})"
        names[name] = None
    return list(names)


def text(value: object) -> str:
    """A cell of any format as text; nested values as JSON."""
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)


def _type(cells: list[str]) -> str:
    filled = [cell.strip() for cell in cells if cell.strip()]
    if filled and all(DATE.fullmatch(cell) for cell in filled):
        return "date"
    return "number" if filled and all(NUMBER.fullmatch(cell) for cell in filled) else "text"
