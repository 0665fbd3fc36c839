"""Puts older events, which were read later, before those of an index.

The result is what reading all of them in order would have given.
"""

from __future__ import annotations

import numpy as np

from dashboard.feed.groups import Chain
from dashboard.feed.index import CODED, Index
from dashboard.feed.items import Order
from dashboard.feed.table import Codes


def prepend(index: Index, older: Index) -> None:
    """Take the events of ``older``, which is used up."""
    _use_codes_of(index, older)
    _set_clocks(index, older)
    _join_groups(index, older)
    index.table.prepend(older.table)
    index.newest = older.newest | index.newest
    if not _is_sorted(index):  # several partitions overlap in time
        index.table.sort(("appended_ms", "partition", "offset"))
    index.trim()


def _use_codes_of(index: Index, older: Index) -> None:
    news = {}
    for name in CODED:
        own: Codes = index.codes[name]
        texts = older.codes[name].texts()
        for text in texts:
            own.code(text)
        news[name] = own.translated(texts)
        older.table[name][:] = news[name][older.table[name]]
    older.chains = {
        (partition, int(news["source"][source])): chain.translated(news)
        for (partition, source), chain in older.chains.items()
    }


def _set_clocks(index: Index, older: Index) -> None:
    """A broker's clock may have been set back in between; the offset is the order."""
    table = index.table
    for partition, end in older.newest.items():
        mine = table["partition"] == partition
        for name in ("appended_ms", "first_ms", "latest_ms"):
            table[name][mine] = np.maximum(table[name][mine], end.appended_ms)
        if newest := index.newest.get(partition):
            latest = max(newest.appended_ms, end.appended_ms)
            index.newest[partition] = newest._replace(appended_ms=latest)
        for (where, _), chain in index.chains.items():
            if where == partition:
                chain.first_ms = max(chain.first_ms, end.appended_ms)


def _join_groups(index: Index, older: Index) -> None:
    """Let a group that was cut between the older events and these be one again."""
    table = index.table
    keys = table["partition"].astype(np.int64) << 32 | table["source"]
    known, rows = np.unique(keys, return_index=True)
    firsts = dict(zip(known.tolist(), rows.tolist(), strict=True))
    for key, chain in older.chains.items():
        row = firsts.get(key[0] << 32 | key[1])
        if row is None:
            index.chains[key] = chain
        elif chain.goes_on(index.kind(row), float(table["at"][row])):
            _join(index, row, older, chain, key)


def _join(index: Index, row: int, older: Index, chain: Chain, key: tuple[int, int]) -> None:
    """Make the group of ``row`` the rest of ``chain``, a group of the older events."""
    table, (partition, _) = index.table, key
    first = int(table["first"][row])
    rest = index.group(index.order(row).place._replace(offset=first))
    table["first"][rest] = chain.first
    table["first_ms"][rest] = chain.first_ms
    table["since"][rest] = chain.since
    table["n"][rest] += chain.n
    table["head"][row] = False
    head = older.head(Order(chain.first_ms, partition, chain.first))
    if head is not None:
        for name in ("latest", "latest_ms"):
            older.table[name][head] = table[name][row]
        for name in ("until", "best"):
            older.table[name][head] = max(older.table[name][head], table[name][row])
    open_ = index.chains.get(key)
    if open_ and open_.first == first:
        open_.first, open_.first_ms, open_.since = chain.first, chain.first_ms, chain.since
        open_.n += chain.n


def _is_sorted(index: Index) -> bool:
    times = index.table["appended_ms"]
    one = len(index.newest) < 2
    return bool((times[1:] > times[:-1]).all()) or (one and bool((times[1:] >= times[:-1]).all()))
