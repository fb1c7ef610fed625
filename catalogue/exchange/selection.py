"""The entries of a territory and a need, read by pages: a million of them are never in memory together."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, bindparam, cast, or_, select, tuple_

from catalogue.exchange.reading import EntryRow
from catalogue.needs import Need, Reach, Status
from catalogue.places import Place
from catalogue.tables import initiatives, places

PAGE = 500

_KEY = (initiatives.c.source, initiatives.c.source_id)
_AFTER = tuple_(*_KEY) > tuple_(bindparam("source"), bindparam("source_id"))
_OPEN = initiatives.c.status == Status.ACTIVE.value
_NOT_A_TWIN = initiatives.c.merged_into.is_(None)

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Territory:
    """Some departments, by their codes; or only some communes of theirs, by their INSEE codes, when these are given."""

    nom: str
    departements: frozenset[str]
    communes: frozenset[str] = frozenset()


def territory_of(place: Place) -> Territory:
    """A commune or an arrondissement as a territory; of a former commune, the one it belongs to, under its own name."""
    insee = place.parent if place.type == "ANC" and place.parent else place.insee
    return Territory(place.nom, frozenset({place.departement}), frozenset({insee}))


def codes_of(connection: Connection, territory: Territory) -> frozenset[str]:
    """The codes an address of a territory may have: its communes and their arrondissements, or else its departments."""
    parts = select(places.c.insee).where(places.c.parent.in_(territory.communes), places.c.type == "ARM")
    return territory.communes | set(connection.scalars(parts)) if territory.communes else territory.departements


def select_entries(
    connection: Connection,
    territory: Territory | None = None,
    need: Need | None = None,
    *,
    also_closed: bool = False,
) -> Iterator[EntryRow]:
    """Every column of the entries of a territory (None: all) that answer a need (None: any), by source and source_id.

    Those of a commune are those that have its address, whatever their reach; those of a department, also those that
    serve it from another. Only open ones, unless `also_closed`; never one that was said to be the same as another.
    """
    conditions = [_NOT_A_TWIN, *_answering(need)]
    if territory:
        conditions.append(_in_communes(territory) if territory.communes else _in_departements(territory))
    return _pages(connection, and_(*conditions, *(() if also_closed else (_OPEN,))))


def select_wider(connection: Connection, territory: Territory | None, need: Need | None = None) -> Iterator[EntryRow]:
    """The open entries without a place that serve a territory: its departments', the country's, those at a distance.

    In the same order, with the same columns. With no territory, those of every department.
    """
    everywhere = initiatives.c.reach.in_((Reach.NATIONAL.value, Reach.A_DISTANCE.value))
    departemental = initiatives.c.reach == Reach.DEPARTEMENTAL.value
    serving = and_(departemental, _serving(territory.departements)) if territory else departemental
    return _pages(connection, and_(_NOT_A_TWIN, _OPEN, or_(everywhere, serving), *_answering(need)))


def _answering(need: Need | None) -> list[Condition]:
    return [_holding(initiatives.c.needs, need.value)] if need else []


def _in_communes(territory: Territory) -> Condition:
    # What is known of Paris, Lyon and Marseille has the code of an arrondissement.
    parts = select(places.c.insee).where(places.c.parent.in_(territory.communes))
    return or_(initiatives.c.code_insee.in_(territory.communes), initiatives.c.code_insee.in_(parts))


def _in_departements(territory: Territory) -> Condition:
    serving = and_(initiatives.c.reach == Reach.DEPARTEMENTAL.value, _serving(territory.departements))
    return or_(initiatives.c.departement.in_(territory.departements), serving)


def _serving(departements: Collection[str]) -> Condition:
    """Whether a departmental entry serves one of these: the departments it names, or else its own."""
    named = [_holding(initiatives.c.zones, code) for code in sorted(departements)]
    names_none = cast(initiatives.c.zones, Text) == "[]"
    return or_(*named, and_(names_none, initiatives.c.departement.in_(departements)))


def _holding(column: ColumnElement[Any], slug: str) -> Condition:
    """Whether a list of slugs holds one: as text, which both engines read the same way."""
    return cast(column, Text).contains(f'"{slug}"', autoescape=True)


def _pages(connection: Connection, wanted: Condition) -> Iterator[EntryRow]:
    ordered = select(initiatives).where(wanted).order_by(*_KEY).limit(PAGE)
    page = connection.execute(ordered).mappings().all()
    while page:
        yield from map(dict, page)
        last = {"source": page[-1]["source"], "source_id": page[-1]["source_id"]}
        page = connection.execute(ordered.where(_AFTER), last).mappings().all() if len(page) == PAGE else []
