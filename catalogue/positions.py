"""Where the entries that answer a need are: held by the process, and as the database has them.

The positions of a need are read whole at the first search for it. Whoever changes one changes the mark of its need in
the same transaction; each search asks for that mark, in a statement it needs anyway, and reads the positions again when
it is another (docs/adr/0014). In memory they are in z-order, so a square of ground is a few slices.
"""

import secrets
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from catalogue import zorder
from catalogue.database import before_commit, insert_into, read_rows, to_be_done
from catalogue.geo import haversine, haversines, hectometres, km
from catalogue.needs import Need
from catalogue.tables import need_marks

NEVER_MARKED = 0  # the mark of a need of which no position has changed since its table is there
_MARK_BITS = 62
_PAST_KEYS = 1 << 2 * zorder.BITS

_MARK = "SELECT mark FROM need_marks WHERE need = ?"
_POSITIONS = """
    SELECT z, latitude, longitude, initiative_id FROM need_positions WHERE need = ? ORDER BY z, initiative_id
"""


class Positions:
    """The entries of one need by where they are: 32 bytes each."""

    def __init__(self, rows: Sequence[tuple[int, float, float, int]]) -> None:
        """Takes the z-order key, the latitude and longitude in degrees, and the id of each, in the order of keys."""
        keys, latitudes, longitudes, ids = zip(*rows, strict=True) if rows else ((), (), (), ())
        self._keys = array("q", (*keys, _PAST_KEYS))  # the last one spares a look at the length, for each slice
        self._latitudes, self._longitudes = array("d", latitudes), array("d", longitudes)
        self._ids = array("q", ids)

    def nearest(self, point: tuple[float, float], count: int, within_km: float) -> list[tuple[float, int]]:
        """At least the `count` nearest entries to a point in degrees, within some km: (km, id), nearest first.

        All the entries as near as the last one, to the hectometre, are there too, so that freshness can choose. The
        cost does not grow with how many there are: those next to the point in z-order tell how far to look, then only
        the ground that can hold a nearer one is read.
        """
        radius = self._radius(point, count, within_km)
        furthest = haversine(radius)
        latitudes, longitudes, ids = array("d"), array("d"), array("q")
        for slice_ in self._within(point, radius):
            latitudes += self._latitudes[slice_]
            longitudes += self._longitudes[slice_]
            ids += self._ids[slice_]
        far = haversines(*point, zip(latitudes, longitudes, strict=True))
        found = sorted([pair for pair in zip(far, ids, strict=True) if pair[0] <= furthest])
        if len(found) > count:
            furthest = haversine(_as_far_as(found[count - 1][0]))
        return [(km(away), id_) for away, id_ in found if away <= furthest]

    def _radius(self, point: tuple[float, float], count: int, within_km: float) -> float:
        """How far to look, in km, to hold the `count` nearest: those next in z-order bound it."""
        at = bisect_left(self._keys, zorder.encode(*point))
        beside = slice(max(0, at - count), at + count)
        far = haversines(*point, zip(self._latitudes[beside], self._longitudes[beside], strict=True))
        if len(far) < count:
            return within_km
        return min(within_km, _as_far_as(sorted(far)[count - 1]))

    def _within(self, point: tuple[float, float], radius: float) -> Iterator[slice]:
        """The slices of what may be within some km of a point."""
        keys = self._keys
        for first, last in zorder.ranges(*point, radius):
            start = bisect_left(keys, first)
            if keys[start] <= last:
                yield slice(start, bisect_right(keys, last, start))


def _as_far_as(away: float) -> float:
    """The km within which everything is shown as no further than this haversine."""
    return (hectometres(km(away)) + 0.5) / 10 + 1e-6


# ---- holding them ----------------------------------------------------------------------------------

_held: WeakKeyDictionary[Engine, dict[Need, tuple[int, Positions]]] = WeakKeyDictionary()
_one_reads = Lock()  # when a position has changed, several threads would read the same at the same time


def mark_of(connection: Connection, need: Need) -> int:
    """What the positions of a need are known by: it is another as soon as one of them has changed."""
    rows = read_rows(connection, _MARK, (need.value,))
    mark: int = rows[0][0] if rows else NEVER_MARKED
    return mark


def positions_of(connection: Connection, need: Need, mark: int) -> Positions:
    """The positions of a need, at least as recent as a mark that was just read through the same connection."""
    if need.value in to_be_done(connection, _change_marks):
        return _read(connection, need)  # nobody else must see what is not committed, and its mark comes last
    held = _held.setdefault(connection.engine, {})
    known = held.get(need)
    if known is None or known[0] != mark:
        with _one_reads:
            known = held.get(need)
            if known is None or known[0] != mark:
                # Read after the mark: they may be more recent than it says, and are then read again. Never older.
                known = held[need] = mark, _read(connection, need)
    return known[1]


def _read(connection: Connection, need: Need) -> Positions:
    return Positions(read_rows(connection, _POSITIONS, (need.value,)))


def positions_changed(connection: Connection, needs: Iterable[str]) -> None:
    """To be called whenever rows of need_positions are written: their needs have another mark at the commit.

    Raises RuntimeError outside `writing`.
    """
    before_commit(connection, _change_marks, needs)


def _change_marks(connection: Connection, needs: Iterable[str]) -> None:
    # Whoever else changes a mark waits for our commit, so it comes last. All take them in the same order.
    rows = [{"need": need, "mark": secrets.randbits(_MARK_BITS)} for need in sorted(needs)]
    if rows:
        statement = insert_into(connection, need_marks)
        new = {"mark": statement.excluded.mark}
        connection.execute(statement.on_conflict_do_update(index_elements=["need"], set_=new), rows)
