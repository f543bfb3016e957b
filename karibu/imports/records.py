"""The records of a CSV file, each with the line it begins in; bounded, whatever the file is."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import IO, AnyStr

LONGEST = 1_000_000  # characters of a line
CELL = 100_000  # characters of a cell
OPEN = "a quotation mark opens a cell here and nothing closes it"


class TooLong(ValueError):
    """A line is longer than LONGEST; the message names it."""


def lines(file: IO[AnyStr]) -> Iterator[AnyStr]:
    """The lines of a file, none of which is read when it is too long for one. Raises TooLong."""
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise TooLong(f"Line {number} is longer than {LONGEST:,} characters. Is this a table, a row a line?")
        yield line


class Records:
    """Iterates over (line, fault, cells). A cell that is never closed costs one line, not all behind it."""

    def __init__(self, file: IO[str], separator: str) -> None:
        self.source, self.separator = lines(file), separator
        self.number = 0  # lines taken
        self.taken: list[str] = []  # since the record began
        self.again: deque[str] = deque()
        self.is_over = False

    def __iter__(self) -> Iterator[tuple[int, str, list[str]]]:
        csv.field_size_limit(CELL)
        reader = csv.reader(self._lines(), delimiter=self.separator)
        while True:
            begun, self.taken = self.number + 1, []
            try:
                cells = next(reader, None)
            except csv.Error as error:
                fault = OPEN if len(self.taken) > 1 else f"this line cannot be read: {error}"
                yield from self._fault(begun, fault)
                continue
            if cells is None:
                return
            if self.is_over:  # the end came while the cell was open
                self.is_over = False
                yield from self._fault(begun, OPEN)
                reader = csv.reader(self._lines(), delimiter=self.separator)
                continue
            yield begun, "", cells

    def _lines(self) -> Iterator[str]:
        while True:
            line = self.again.popleft() if self.again else next(self.source, None)
            if line is None:
                self.is_over = True
                return
            self.number += 1
            self.taken.append(line)
            yield line.replace("\x00", "")

    def _fault(self, line: int, why: str) -> Iterator[tuple[int, str, list[str]]]:
        """The lines behind the first are read again, as records of their own."""
        self.number = line
        self.again.extendleft(reversed(self.taken[1:]))
        yield line, why, [self.taken[0].strip()[:500]] if self.taken else []
