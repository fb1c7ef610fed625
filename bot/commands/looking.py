"""Looking at the catalogue: `search`, `quality`, `duplicates`."""

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import select

from bot.commands.places import commune_called, territory_called
from bot.console import COORDINATOR, PARIS, Trouble, chosen_settings, opened, today
from catalogue.needs import Kind, Need, Public
from catalogue.tables import initiatives

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from catalogue.finding import Found
    from catalogue.places import PlaceIndex
    from catalogue.quality import TerritoryQuality

MOST = 50
_POINT = re.compile(r"(-?\d+(?:\.\d+)?)[,;]\s*(-?\d+(?:\.\d+)?)")


def _choice(enumeration: type[Need] | type[Kind] | type[Public]) -> click.Choice[str]:
    return click.Choice([member.value for member in enumeration])


@click.command(help="Cherche des fiches par besoin ou par mots, près d'un lieu ou dans un territoire.")
@click.option("--need", type=_choice(Need), help="Un des seize besoins.")
@click.option("--text", metavar="MOTS", help="Des mots du nom ; fautes, accents et ordre n'importent pas.")
@click.option("--near", metavar="LIEU", help="Un code INSEE, un nom, un code postal ou « lat,lon ».")
@click.option("--within", metavar="KM", type=click.FloatRange(0, 200, min_open=True), help="Pas plus loin.")
@click.option("--territory", metavar="LIEU", help="Seulement cette commune, ce département, cette région.")
@click.option("--public", "publics", type=_choice(Public), multiple=True, help="Pour qui (plusieurs fois si besoin).")
@click.option("--kind", "kinds", type=_choice(Kind), multiple=True, help="Type de lieu (plusieurs fois si besoin).")
@click.option("--free", is_flag=True, help="Seulement ce qui est gratuit.")
@click.option("--open-now", is_flag=True, help="Seulement ce qui est ouvert maintenant.")
@click.option("--count", default=10, show_default=True, type=click.IntRange(1, MOST))
@click.option("--json", "as_json", is_flag=True, help="Une fiche par ligne, en JSON.")
def search(
    need: str | None,
    text: str | None,
    near: str | None,
    within: float | None,
    territory: str | None,
    publics: tuple[str, ...],
    kinds: tuple[str, ...],
    free: bool,
    open_now: bool,
    count: int,
    as_json: bool,
) -> None:
    from catalogue.database import reading
    from catalogue.finding import Query, find

    if not need and not text:
        raise Trouble("donnez --need ou --text.")
    if need and not near and not territory and not text:
        raise Trouble("donnez --near ou --territory.")
    if within and not near:
        raise Trouble("--within demande --near.")
    base = opened(chosen_settings())
    point, departement = _whereabouts(near, base.index) if near else (None, "")
    query = Query(
        Need(need) if need else None,
        text,
        point,
        departement,
        within,
        territory_called(territory, base.index) if territory else None,
        frozenset(map(Public, publics)),
        frozenset(map(Kind, kinds)),
        free,
        open_now,
    )
    now = datetime.now(PARIS)
    with reading(base.engine) as connection:
        found = find(connection, query, now, count)
    for one in found:
        click.echo(json.dumps(_as_json(one), ensure_ascii=False) if as_json else _in_words(one, now))
    if not found:
        click.echo("Rien trouvé. Essayez plus loin, ou avec moins de filtres.", err=True)


def _whereabouts(said: str, index: "PlaceIndex") -> tuple[tuple[float, float] | None, str]:
    """A point in degrees, and the department it is in. Raises Trouble."""
    if found := _POINT.fullmatch(said.strip()):
        point = float(found[1]), float(found[2])
        commune = index.nearest(*point)
        if commune is None:
            raise Trouble(f"« {said} » : aucune commune de France à moins de 50 km.")
        return point, commune.departement
    place = commune_called(said, index)
    if place.latitude is None or place.longitude is None:
        return None, place.departement
    return (place.latitude, place.longitude), place.departement


def _in_words(found: "Found", now: datetime) -> str:
    from handlers.cards import address, opening, provenance

    entry = found.entry
    lines = (address(entry), entry.telephone, opening(entry, now), _why(found, provenance(entry, now.date())))
    return "\n    ".join((f"{entry.nom}  [{entry.id}]", *filter(None, lines)))


def _why(found: "Found", provenance: str) -> str:
    from catalogue.geo import hectometres
    from handlers.words import kilometres

    # Of a place known only by its commune, the distance is that of its town hall: not to be shown.
    reasons = [] if found.km is None or not found.entry.exact else [f"à {kilometres(hectometres(found.km))}"]
    if found.match is not None:
        reasons.append("les mots mêmes" if found.match >= 1 else f"mots ressemblants à {100 * found.match:.0f} %")
    return " · ".join((*reasons, provenance))


def _as_json(found: "Found") -> dict[str, Any]:
    entry = found.entry
    return {
        "id": entry.id,
        "nom": entry.nom,
        "kind": entry.kind.value,
        "needs": [need.value for need in entry.needs],
        "adresse": entry.adresse,
        "commune": entry.commune,
        "code_postal": entry.code_postal,
        "code_insee": entry.code_insee,
        "telephone": entry.telephone,
        "courriel": entry.courriel,
        "site_web": entry.site_web,
        "horaires_osm": entry.horaires_osm,
        "verified_at": entry.verified_at.isoformat() if entry.verified_at else None,
        "verified_method": entry.verified_method.value if entry.verified_method else None,
        "km": None if found.km is None else round(found.km, 2),
        "exact": entry.exact,  # False: the distance is that of the commune's town hall
        "match": None if found.match is None else round(found.match, 3),
    }


@click.command(help="Note les fiches comme data·inclusion (score_qualite), et dit ce qui les rendrait meilleures.")
@click.argument("entry", metavar="[FICHE]", type=int, required=False)
@click.option("--territory", metavar="LIEU", help="Seulement cette commune ou ce département.")
def quality(entry: int | None, territory: str | None) -> None:
    from catalogue import quality as scores
    from catalogue.database import reading

    if entry is not None and territory:
        raise Trouble("donnez une fiche ou --territory, pas les deux.")
    base = opened(chosen_settings())
    where = territory_called(territory, base.index) if territory else None
    with reading(base.engine) as connection:
        if entry is None:
            _tell_territory(scores.territory_quality(connection, where, today()))
            return
        row = connection.execute(select(initiatives).where(initiatives.c.id == entry)).mappings().one_or_none()
    if row is None:
        raise Trouble(f"aucune fiche ne porte le numéro {entry}.")
    found = scores.quality(dict(row), today())
    click.echo(f"{row['nom']} : {found.score:.2f}")
    for what in found.missing:
        click.echo(f"  {what}")


def _tell_territory(found: "TerritoryQuality") -> None:
    click.echo(f"{found.entries} fiches ouvertes, note moyenne {found.score:.2f}")
    for tenth, count in enumerate(found.tenths):
        click.echo(f"  de {tenth / 10:.1f} à {(tenth + 1) / 10:.1f} : {count}")
    for what, count in found.missing:
        click.echo(f"{what} : {count} fiches")


@click.command(
    help="Cherche les fiches d'un même lieu ; --same ou --different dit ce qu'il en est de deux d'entre elles."
)
@click.option("--same", type=int, nargs=2, metavar="GARDÉE AUTRE", help="C'est le même lieu : la première est gardée.")
@click.option("--different", type=int, nargs=2, metavar="FICHE FICHE", help="Ce sont deux lieux.")
@click.option("--count", default=20, show_default=True, type=click.IntRange(1, 1_000), help="Combien en montrer.")
def duplicates(same: tuple[int, int] | None, different: tuple[int, int] | None, count: int) -> None:
    if same and different:
        raise Trouble("donnez --same ou --different, pas les deux.")
    base = opened(chosen_settings())
    if same or different:
        _decide(base.engine, same or different or (0, 0), bool(same))
        return
    _show_pairs(base.engine, count)


def _decide(engine: "Engine", two: tuple[int, int], same: bool) -> None:
    from catalogue.database import writing
    from catalogue.duplicates import decide
    from catalogue.initiatives import Author
    from catalogue.needs import Method

    try:
        with writing(engine) as connection:
            author = Author(COORDINATOR, Method.BOT)
            decide(connection, *two, same, two[0] if same else None, author, datetime.now(UTC))
    except ValueError as error:
        raise Trouble(str(error)) from None
    click.echo("C'est noté.")


def _show_pairs(engine: "Engine", count: int) -> None:
    from catalogue.database import writing
    from catalogue.duplicates import find_duplicates, propose, undecided
    from catalogue.initiatives import initiatives_by_id

    with writing(engine) as connection:
        propose(connection, find_duplicates(connection), datetime.now(UTC))
        pairs = undecided(connection, count)
        ids = {id_ for pair in pairs for id_ in (pair.first_id, pair.second_id)}
        names = {entry.id: f"{entry.nom}, {entry.commune}" for entry in initiatives_by_id(connection, sorted(ids))}
    for pair in pairs:
        click.echo(f"{pair.score:.2f}  {', '.join(pair.reasons)}")
        for id_ in (pair.first_id, pair.second_id):
            click.echo(f"    {id_}  {names.get(id_, '(fermée)')}")
    if not pairs:
        click.echo("Aucun doublon à examiner.")
