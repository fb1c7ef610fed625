"""Entries that may be the same place: found by what they share, shown to a person, remembered once decided."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import combinations, groupby
from typing import Any

from sqlalchemy import CompoundSelect, Connection, RowMapping, bindparam, or_, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from catalogue import zorder
from catalogue.initiatives import Author
from catalogue.likeness import BESIDE_KM, Pair, Traits, contacts_of, likeness, traits_of
from catalogue.merging import merge, part
from catalogue.needs import Need
from catalogue.tables import duplicates, initiatives, need_positions

LIKELY = 0.8  # chosen by reading pairs of the shipped catalogue: just above, 97 in a hundred are one place
# Entries that share a phone, a word… More of them, and it is a switchboard or an ordinary word: it says nothing alone.
MOST_TOGETHER = 20
_BATCH = 500  # SQLite takes a limited number of values in one statement


def find_duplicates(connection: Connection, among: Collection[int] | None = None) -> list[Pair]:
    """The likely pairs of the whole catalogue, or those with an entry of `among`; best first.

    Only entries that share something are compared: the cost follows the number of entries, or of `among` and what is
    in their communes. Entries already merged into another are left aside.
    """
    touched = None if among is None else frozenset(among)
    entries = _every(connection) if touched is None else _around(connection, touched)
    found: dict[tuple[int, int], Pair] = {}
    for clue in _CLUES:
        for block in _blocks(entries, clue):
            for one, other in combinations(block, 2):
                if touched is None or one.id in touched or other.id in touched:
                    pair = likeness(one, other)
                    if pair and pair.score >= LIKELY:
                        found[pair.first_id, pair.second_id] = pair
    return sorted(found.values(), key=lambda pair: (-pair.score, pair.first_id, pair.second_id))


# ---- the entries to compare ----------------------------------------------------------------------

_SELECT = select(
    *(initiatives.c[name] for name in ("id", "nom", "adresse", "commune", "code_postal", "code_insee", "departement")),
    *(initiatives.c[name] for name in ("latitude", "longitude", "exact", "telephone", "courriel", "site_web")),
).where(initiatives.c.merged_into.is_(None))


def _every(connection: Connection) -> list[Traits]:
    streamed = connection.execute(_SELECT, execution_options={"yield_per": 1_000})
    return [traits_of(row) for row in streamed.mappings()]


_IDS = _SELECT.where(initiatives.c.id.in_(bindparam("values", expanding=True)))
_COMMUNES = _SELECT.where(initiatives.c.code_insee.in_(bindparam("values", expanding=True)))
_WITHOUT_COMMUNE = _SELECT.where(initiatives.c.code_insee.is_(None))
_DEPARTEMENTS = _WITHOUT_COMMUNE.where(initiatives.c.departement.in_(bindparam("values", expanding=True)))
_COUNTRY = _WITHOUT_COMMUNE.where(initiatives.c.departement.is_(None))


def _around(connection: Connection, ids: frozenset[int]) -> list[Traits]:
    """These entries, those of the same communes, and those beside them: no other can be the same place."""
    own = list(_read(connection, _IDS, ids))
    areas = {entry.area for entry in own}
    beside = {id_ for entry in own for id_ in _ids_beside(connection, entry)}
    rows = [
        *_read(connection, _COMMUNES, {area for area in areas if len(area) == 5}),
        *_read(connection, _DEPARTEMENTS, {area for area in areas if 0 < len(area) < 5}),
        *(map(traits_of, connection.execute(_COUNTRY).mappings()) if "" in areas else ()),
        *_read(connection, _IDS, beside),
    ]
    return list({entry.id: entry for entry in rows}.values())


def _read(connection: Connection, statement: Any, values: Iterable[int | str]) -> Iterator[Traits]:
    listed = sorted(values)
    for start in range(0, len(listed), _BATCH):
        found = connection.execute(statement, {"values": listed[start : start + _BATCH]})
        yield from map(traits_of, found.mappings())


def _ids_beside(connection: Connection, entry: Traits) -> Sequence[int]:
    """The open entries within 150 m and little more, whatever their commune."""
    if entry.point is None:
        return ()
    ground = zorder.ranges(*entry.point, BESIDE_KM)
    ends = {
        f"{end}_{at}": key for at, keys in enumerate(ground) for end, key in zip(("low", "high"), keys, strict=True)
    }
    return connection.scalars(_beside(len(ground)), ends).all()


@cache
def _beside(count: int) -> CompoundSelect[int]:
    """The statement for so many ranges, 25 at most: each said apart, or a planner may read the whole of every need."""
    z = need_positions.c.z
    ranges = [z.between(bindparam(f"low_{at}"), bindparam(f"high_{at}")) for at in range(count)]
    ids = select(need_positions.c.initiative_id).where(need_positions.c.need.in_([need.value for need in Need]))
    return union_all(*(ids.where(here) for here in ranges))


# ---- who is compared with whom -------------------------------------------------------------------

_Clue = Callable[[Traits], Iterable[object]]
# A cell of 2^10 by 2^10 of the smallest: 300 m from south to north, about 400 m across in metropolitan France.
_CELL_BITS = 2 * 10
_HALF_LATITUDE, _HALF_LONGITUDE = (degrees / 2 / 2 ** (zorder.BITS - 10) for degrees in (180, 360))


def _contacts(entry: Traits) -> Iterator[object]:
    # Within a commune: elsewhere the same phone is that of an organisation, whose places are as many.
    for contact in contacts_of(entry):
        if contact:
            yield entry.area, contact


def _names(entry: Traits) -> Iterator[object]:
    yield entry.area, entry.postcode, entry.name


def _words(entry: Traits) -> Iterator[object]:
    return ((entry.area, word) for word in entry.name.split() if len(word) > 1)


def _cells(entry: Traits) -> Iterator[object]:
    """Four grids, half a cell apart: what is within 150 m of an entry shares at least one of its four cells."""
    if entry.point:
        latitude, longitude = entry.point
        for south in (0.0, _HALF_LATITUDE):
            for west in (0.0, _HALF_LONGITUDE):
                yield south, west, zorder.encode(latitude + south, longitude + west) >> _CELL_BITS


_CLUES: tuple[_Clue, ...] = (_contacts, _names, _words, _cells)


def _blocks(entries: Sequence[Traits], clue: _Clue) -> Iterator[list[Traits]]:
    """The entries that share a clue; those that are too many must share a word of their name as well.

    Those that still are too many (a name that a whole city bears) are only compared with the most alike of them.
    """
    for block in _together(entries, clue):
        for finer in [block] if len(block) <= MOST_TOGETHER else _together(block, _words):
            alike = sorted(finer, key=lambda entry: (entry.name, entry.street, entry.id))
            yield from (alike[start : start + MOST_TOGETHER] for start in range(0, len(alike), MOST_TOGETHER))


def _together(entries: Sequence[Traits], clue: _Clue) -> Iterator[list[Traits]]:
    # Sorted rather than gathered in a dictionary of lists: most clues are of one entry alone, and this holds far less.
    keys = sorted((hash(key), at) for at, entry in enumerate(entries) for key in clue(entry))
    for _, same in groupby(keys, key=lambda found: found[0]):
        block = [entries[at] for _, at in same]
        if len(block) > 1:
            yield block


# ---- what a person says of them ------------------------------------------------------------------


def _upsert(dialect: Any) -> Any:
    statement = dialect.insert(duplicates)
    undecided = duplicates.c.decision.is_(None)
    changed = {"score": statement.excluded.score}
    return statement.on_conflict_do_update(index_elements=["first_id", "second_id"], set_=changed, where=undecided)


_PROPOSE = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}


def propose(connection: Connection, pairs: Sequence[Pair], at: datetime) -> None:
    """Store pairs for a person to decide, at an instant (UTC); those that wait already take their new score.

    A pair once decided is left as it was: it is never proposed again.
    """
    rows = [{"first_id": pair.first_id, "second_id": pair.second_id, "score": pair.score, "at": at} for pair in pairs]
    if rows:
        connection.execute(_PROPOSE[connection.dialect.name], rows)


def undecided(connection: Connection, limit: int, codes_insee: Collection[str] | None = None) -> list[Pair]:
    """The pairs that wait for a decision, best first; only those with an entry in some communes, if any are given.

    A pair one of whose entries was merged since is left aside. The reasons are those of today.
    """
    first, second = initiatives.alias(), initiatives.alias()
    wanted = (
        select(duplicates.c.first_id, duplicates.c.second_id, duplicates.c.score)
        .join(first, first.c.id == duplicates.c.first_id)
        .join(second, second.c.id == duplicates.c.second_id)
        .where(duplicates.c.decision.is_(None), first.c.merged_into.is_(None), second.c.merged_into.is_(None))
        .order_by(duplicates.c.score.desc(), duplicates.c.first_id, duplicates.c.second_id)
        .limit(limit)
    )
    if codes_insee is not None:
        wanted = wanted.where(or_(*(one.c.code_insee.in_(sorted(codes_insee)) for one in (first, second))))
    return _with_reasons(connection, connection.execute(wanted).all())


def _with_reasons(connection: Connection, rows: Sequence[Any]) -> list[Pair]:
    ids = {id_ for row in rows for id_ in (row.first_id, row.second_id)}
    entries = {entry.id: entry for entry in _read(connection, _IDS, ids)}
    pairs = []
    for first_id, second_id, score in rows:
        now = likeness(entries[first_id], entries[second_id])
        pairs.append(Pair(first_id, second_id, score, now.reasons if now else ()))
    return pairs


_SAME, _DIFFERENT = "same", "different"
_DECIDE = (
    update(duplicates)
    .where(duplicates.c.first_id == bindparam("first"), duplicates.c.second_id == bindparam("second"))
    .values(decision=bindparam("decision_"), at=bindparam("at_"), role=bindparam("role_"))
)
_SELECT_TWO = (
    select(initiatives).where(initiatives.c.id.in_(bindparam("ids", expanding=True))).order_by(initiatives.c.id)
)


def decide(
    connection: Connection, first_id: int, second_id: int, same: bool, keep: int | None, author: Author, at: datetime
) -> None:
    """Remember what a person says of two entries. The same place: `keep` one, which takes what it lacks from the other.

    The other one is then merged into it and no longer shown. Saying later that they are different shows it again, and
    leaves what was taken: revisions tell it. Raises ValueError, in French, for what cannot be decided.
    """
    two = _two(connection, first_id, second_id)
    if same:
        merge(connection, two, keep, author, at)
    else:
        part(connection, two, author, at)
    first, second = sorted(two)
    propose(connection, [likeness(*map(traits_of, two.values())) or Pair(first, second, 0.0, ())], at)
    said = {"decision_": _SAME if same else _DIFFERENT, "at_": at, "role_": author.role}
    connection.execute(_DECIDE, {"first": first, "second": second, **said})


def _two(connection: Connection, first_id: int, second_id: int) -> dict[int, RowMapping]:
    if first_id == second_id:
        raise ValueError("une fiche ne peut pas être comparée à elle-même.")
    # Locked, so that two people cannot each merge one into the other.
    found = connection.execute(_SELECT_TWO.with_for_update(), {"ids": [first_id, second_id]}).mappings()
    two = {row["id"]: row for row in found}
    if missing := [id_ for id_ in (first_id, second_id) if id_ not in two]:
        raise ValueError(f"aucune fiche ne porte le numéro {missing[0]}.")
    return two
