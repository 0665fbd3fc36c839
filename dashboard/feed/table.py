"""Columns that grow at one end and shrink at the other: many events in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Column = NDArray[Any]
Kinds = Mapping[str, tuple[DTypeLike, tuple[int, ...]]]
"""What each column holds: the type of a value, and its shape (``()`` for a single number)."""

SMALLEST = 1024
SPARE = 1.25
"""Room made at a time, as a share of what is kept: a full table is moved once in so many rows
that moving costs less than writing them."""


class Table:
    """Columns of equal length. Their views are good until the next change."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = dict(kinds)
        self._start = self._end = 0
        self._columns = self._room(SMALLEST)

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, name: str) -> Column:
        """A view of one column, oldest row first."""
        return self._columns[name][self._start : self._end]

    def insert(self, row: int, values: Iterable[Any]) -> None:
        """Put one row before ``row``; ``values`` in the order of the columns."""
        if self._end == len(next(iter(self._columns.values()))):
            self._move(int(len(self) * SPARE) + SMALLEST)
        at = self._start + row
        for column, value in zip(self._columns.values(), values, strict=True):
            if at < self._end:
                column[at + 1 : self._end + 1] = column[at : self._end]
            column[at] = value
        self._end += 1

    def extend(self, columns: Sequence[Column]) -> None:
        """Put rows after the last one: their columns in the order of the table's."""
        end = self._end + len(columns[0])
        if end > len(next(iter(self._columns.values()))):
            self._move(int((end - self._start) * SPARE) + SMALLEST)
            end = self._end + len(columns[0])
        for column, values in zip(self._columns.values(), columns, strict=True):
            column[self._end : end] = values
        self._end = end

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Forget all but these rows, and put them in this order."""
        self._columns = {name: self[name][rows] for name in self._columns}
        self._start, self._end = 0, len(rows)

    def drop(self, rows: int) -> None:
        """Forget the first ``rows`` rows."""
        self._start += rows

    def prepend(self, older: Table) -> None:
        """Put the rows of another table with the same columns before these."""
        for name, column in self._columns.items():
            own = column[self._start : self._end]
            self._columns[name] = np.concatenate((older[name], own))
        self._start, self._end = 0, len(older) + len(self)

    def sort(self, names: Sequence[str]) -> None:
        """Order the rows by these columns, the first one first."""
        order = np.lexsort([self[name] for name in reversed(names)])
        for name in self._columns:
            self[name][:] = self[name][order]

    def _room(self, rows: int) -> dict[str, Column]:
        return {name: np.empty((rows, *shape), kind) for name, (kind, shape) in self._kinds.items()}

    def _move(self, rows: int) -> None:
        moved = self._room(rows)
        for name, column in moved.items():
            column[: len(self)] = self[name]
        self._columns, self._start, self._end = moved, 0, len(self)


class Codes:
    """Texts by small numbers, as columns hold them; 0 is the empty text.

    Args:
        most: how many texts there may be; one more counts as empty. Texts come from outside.
        texts: the first ones.
    """

    def __init__(self, most: int, texts: Iterable[str] = ()) -> None:
        self.most = most
        self._texts = [""]
        self._codes = {"": 0}
        for text in texts:
            self.code(text)

    def __len__(self) -> int:
        return len(self._texts)

    def code(self, text: str) -> int:
        """The number of the text; a new text gets the next one."""
        if text not in self._codes and len(self._texts) < self.most:
            self._codes[text] = len(self._texts)
            self._texts.append(text)
        return self._codes.get(text, 0)

    def text(self, code: int) -> str:
        """The text of a number."""
        return self._texts[code]

    def texts(self) -> tuple[str, ...]:
        """Every text, at the position of its number."""
        return tuple(self._texts)

    def translated(self, texts: Iterable[str]) -> NDArray[np.int64]:
        """For each number of another list of texts, the number here; 0 for a text unknown here."""
        return np.array([self._codes.get(text, 0) for text in texts], np.int64)
