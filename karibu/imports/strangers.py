"""Files that are no tables, told by how they begin, so that the error can say what they are."""

import re
import zipfile
from pathlib import Path

PACKED = "This is a packed file (%s). Unpack it and import what is in it."
NO_TABLE = "This is %s, not a table. CSV, XLSX, JSON lines and Parquet can be imported."
LIST = "This is one JSON list. Write one JSON object a line instead (JSON Lines)."
BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (rb"\x1f\x8b", PACKED % "gzip"),
    (rb"BZh\d", PACKED % "bzip2"),
    (rb"\xfd7zXZ\x00", PACKED % "xz"),
    (rb"\x28\xb5\x2f\xfd", PACKED % "zstd"),
    (rb"7z\xbc\xaf\x27\x1c", PACKED % "7z"),
    (rb"Rar!\x1a\x07", PACKED % "RAR"),
    (rb"%PDF-", NO_TABLE % "a PDF document"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8", NO_TABLE % "a picture"),
    (rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml)", NO_TABLE % "a web page or XML"),
    (rb"(?:\xef\xbb\xbf)?\s*\[\s*(?:[{\[]|\])", LIST),
)
TABLES_IN_ZIP = ("xl/", "content.xml")  # Excel's and OpenDocument's
WIDE = (b"\xff\xfe", b"\xfe\xff")  # UTF-16 and UTF-32, whose letters have bytes of any kind
CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x00"))


def stranger(path: Path, start: bytes) -> str:
    """What keeps this file from being a table, as a sentence; "" for nothing."""
    for beginning, what in BEGINNINGS:
        if re.match(beginning, start):
            return what
    if start.startswith(b"PK\x03\x04"):
        return _zip(path)
    is_known = start.startswith((b"PAR1", b"\xd0\xcf\x11\xe0", *WIDE)) or start.count(0) * 4 > len(start)
    strange = len(start) - len(start.translate(None, CONTROL))
    return (
        ""
        if is_known or strange * 50 < len(start)
        else "This is no text and no table. CSV, XLSX, JSON lines and Parquet can be imported."
    )


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as packed:
            is_table = any(name.startswith(TABLES_IN_ZIP) for name in packed.namelist())
    except zipfile.BadZipFile:
        return "The workbook cannot be read: it is damaged. Save it again."
    return "" if is_table else PACKED % "ZIP"
