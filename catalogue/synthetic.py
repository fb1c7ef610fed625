"""Synthetic catalogues spread like the people of France, to try the product at any size: the same at every run.

Nothing leads to anybody: phone numbers are among those kept for fiction (01 99 00 00 00 to 01 99 00 99 99, Arcep,
decision 2018-0881), sites and e-mails under example.org (RFC 2606).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import accumulate, islice
from math import cos, pi, radians, sin, sqrt
from random import Random
from typing import Any

from sqlalchemy import Engine, exists, select

from catalogue.database import reading, writing
from catalogue.exchange.reading import EntryRow
from catalogue.gazetteer import read_places
from catalogue.hours import moments
from catalogue.initiatives import UNKNOWN, learn_sizes, save_initiatives
from catalogue.needs import Frais, Kind, Method, Need, Public, Reach
from catalogue.places import Place
from catalogue.tables import initiatives
from catalogue.zorder import KM_PER_DEGREE

SOURCE = "synthetic"
VERIFIED_BEFORE = date(2026, 11, 1)  # fixed, so that a catalogue is the same whenever it is made
VERIFIED_WITHIN_DAYS = 1_200
WITHOUT_A_PLACE = 0.01
AT_THE_TOWN_HALL = 0.05  # all that is known of these is their commune
_BATCH = 1_000

# The main need of an entry, and the kinds of place that answer it.
_ANSWERING: dict[Need, tuple[Kind, ...]] = {
    Need.ALIMENTATION: (Kind.EPICERIE_SOLIDAIRE, Kind.CANTINE_PARTICIPATIVE, Kind.JARDIN_PARTAGE, Kind.AMAP),
    Need.LIEN_SOCIAL: (Kind.CAFE_ASSOCIATIF, Kind.CENTRE_SOCIAL, Kind.GROUPE_DE_PAROLE),
    Need.EQUIPEMENT: (Kind.REPAIR_CAFE, Kind.RESSOURCERIE, Kind.BRICOTHEQUE, Kind.DONNERIE_TROC),
    Need.LOGEMENT: (Kind.HABITAT_PARTAGE, Kind.BAGAGERIE),
    Need.MOBILITE: (Kind.GARAGE_SOLIDAIRE, Kind.ATELIER_VELO, Kind.COVOITURAGE_SOLIDAIRE),
    Need.EMPLOI: (Kind.TIERS_LIEU, Kind.COOPERATIVE_ACTIVITES, Kind.CENTRE_SOCIAL),
    Need.PROJET: (Kind.TIERS_LIEU, Kind.FINANCEMENT_PARTICIPATIF, Kind.COOPERATIVE_ACTIVITES),
    Need.NUMERIQUE: (Kind.ESPACE_NUMERIQUE, Kind.FRANCE_SERVICES),
    Need.DROITS: (Kind.FRANCE_SERVICES, Kind.CENTRE_SOCIAL),
    Need.BUDGET: (Kind.ACCORDERIE, Kind.CONCIERGERIE_SOLIDAIRE),
    Need.FAMILLE: (Kind.HALTE_GARDERIE_PARENTALE, Kind.CENTRE_SOCIAL),
    Need.SANTE: (Kind.GROUPE_DE_PAROLE, Kind.AUTRE),
    Need.FRANCAIS: (Kind.CENTRE_SOCIAL, Kind.BIBLIOTHEQUE),
    Need.LOISIRS: (Kind.BIBLIOTHEQUE, Kind.JARDIN_PARTAGE, Kind.TIERS_LIEU),
    Need.ENGAGEMENT: (Kind.PLATEFORME_ENTRAIDE, Kind.SEL),
    Need.HANDICAP: (Kind.AUTRE, Kind.PLATEFORME_ENTRAIDE),
}
_NEEDS = tuple(Need)
_WIDER, _WIDER_SHARES = (Reach.DEPARTEMENTAL, Reach.NATIONAL, Reach.A_DISTANCE), (85, 12, 3)

_PLANTS = (
    *("Acacias", "Amandiers", "Aubépines", "Bleuets", "Bruyères", "Camélias", "Capucines", "Cerisiers", "Charmilles"),
    *("Châtaigniers", "Chênes", "Coquelicots", "Érables", "Figuiers", "Fougères", "Frênes", "Genêts", "Glycines"),
    *("Hêtres", "Hortensias", "Iris", "Jonquilles", "Lauriers", "Lavandes", "Lilas", "Magnolias", "Marronniers"),
    *("Mimosas", "Mûriers", "Noisetiers", "Noyers", "Oliviers", "Ormes", "Peupliers", "Pivoines", "Platanes"),
    *("Pommiers", "Primevères", "Roseaux", "Saules", "Sorbiers", "Tilleuls", "Tournesols", "Violettes"),
)
_SAINTS = (
    *("Saint-Aubin", "Saint-Clair", "Saint-Éloi", "Saint-Fiacre", "Saint-Georges", "Saint-Hilaire", "Saint-Jacques"),
    *("Saint-Jean", "Saint-Julien", "Saint-Laurent", "Saint-Marc", "Saint-Martin", "Saint-Michel", "Saint-Nicolas"),
    *("Saint-Pierre", "Saint-Roch", "Saint-Vincent", "Sainte-Anne", "Sainte-Cécile", "Sainte-Claire", "Sainte-Odile"),
)
_STREETS = (
    *("de la Gare", "de la Fontaine", "de la Mairie", "de la Poste", "des Écoles", "des Remparts", "du Canal"),
    *("du Château", "du Four", "du Lavoir", "du Marché", "du Moulin", "du Port", "du Puits"),
)
_OF_PLANTS = ("Les", "Le Clos des", "La Cour des", "La Maison des", "L'Atelier des")
_WORDS = (*(f"{place} {plant}" for place in _OF_PLANTS for plant in _PLANTS), *_SAINTS, *_STREETS)

_WELCOMES = (
    "On y vient sans rendez-vous, on y est écouté, et l'on repart avec une adresse ou un coup de main.",
    "Un lieu ouvert à tous, tenu par ses habitants, où chacun apporte ce qu'il sait faire.",
    "Une équipe aide à remplir les dossiers, à trouver le bon guichet et à ne pas y aller seul.",
    "Accueil, conseils et ateliers chaque semaine. Le premier café est offert.",
)
_MANNERS = (
    "Fermé pendant les vacances scolaires.",
    "Il est préférable d'appeler avant de venir.",
    "Les enfants sont les bienvenus.",
    "L'adhésion est libre.",
    "",
)
_HOURS = (
    "Mo-Fr 09:00-12:00,14:00-17:30; PH off",
    "Tu-Sa 10:00-18:00; PH off",
    "We 14:00-19:00; Sa 09:30-12:30; PH off",
    "Th 18:00-21:00; PH off",
    "Sa[1] 10:00-17:00; PH off",
    None,
    None,
)
_PUBLICS: tuple[tuple[Public, ...], ...] = (
    (Public.TOUS_PUBLICS,),
    (),
    (Public.FAMILLES, Public.JEUNES),
    (Public.DEMANDEURS_EMPLOI,),
    (Public.SENIORS,),
)
_COSTS = (Frais.GRATUIT.value, Frais.GRATUIT.value, Frais.PAYANT.value, None)


def synthetic_rows(count: int, seed: int, places: Iterable[Place]) -> Iterator[EntryRow]:
    """So many rows for `save_initiatives`, one by one: always the same ones for a seed and the same places.

    More of them begin with the same ones. Raises ValueError (in French) when nobody lives in the places.
    """
    towns = _inhabited(places)
    if not towns:
        raise ValueError("La base n'a aucune commune : chargez d'abord les données livrées.")
    people = list(accumulate(town.population for town in towns))
    luck = Random(seed)  # noqa: S311
    for number in range(1, count + 1):
        (town,) = luck.choices(towns, cum_weights=people)
        yield _row(luck, number, town)


def _inhabited(places: Iterable[Place]) -> list[Place]:
    """Where people are counted once and where it is known: arrondissements rather than the city they divide."""
    known = sorted((place for place in places if place.type != "ANC"), key=lambda place: place.insee)
    divided = {place.parent for place in known if place.type == "ARM"}
    return [place for place in known if place.population and place.latitude is not None and place.insee not in divided]


def _row(luck: Random, number: int, town: Place) -> EntryRow:
    main = luck.choice(_NEEDS)
    kind = luck.choice(_ANSWERING[main])
    return {
        **UNKNOWN,
        "source": SOURCE,
        "source_id": f"{number:07}",
        "nom": f"{_called(kind)} {luck.choice(_WORDS)} – {town.nom}",
        "kind": kind.value,
        "needs": [need.value for need in dict.fromkeys((main, *luck.sample(_NEEDS, luck.randrange(3))))],
        "description": f"{luck.choice(_WELCOMES)} {luck.choice(_MANNERS)}".strip(),
        "publics": [public.value for public in luck.choice(_PUBLICS)],
        "frais": luck.choice(_COSTS),
        "accessible": luck.choice((True, False, None)),
        **_where(luck, town),
        **_reached(luck, number),
        **_opened(luck.choice(_HOURS)),
        **_verified(luck),
    }


def _called(kind: Kind) -> str:
    return "Association" if kind is Kind.AUTRE else kind.label


def _where(luck: Random, town: Place) -> dict[str, Any]:
    dice = luck.random()
    located = {
        "commune": town.nom,
        "code_postal": next(iter(town.codes_postaux), None),
        "code_insee": town.insee,
        "departement": town.departement,
    }
    if dice < WITHOUT_A_PLACE:
        (reach,) = luck.choices(_WIDER, _WIDER_SHARES)
        return located | {"reach": reach.value}
    if dice < WITHOUT_A_PLACE + AT_THE_TOWN_HALL:
        return located | {"latitude": town.latitude, "longitude": town.longitude}
    latitude, longitude = _somewhere_in(luck, town)
    street = f"{luck.randrange(1, 98)} rue {luck.choice(_STREETS)}"
    return located | {"adresse": street, "latitude": latitude, "longitude": longitude, "exact": True}


def _somewhere_in(luck: Random, town: Place) -> tuple[float, float]:
    """A position in the disc of a commune, in degrees, as precise as lists give them."""
    at_latitude, at_longitude = town.latitude or 0.0, town.longitude or 0.0
    # The radius, roughly: 0.4 km for a village of 500, 1.9 km for Nanterre, 3.8 km for Toulouse.
    km = (0.3 + 0.005 * sqrt(town.population)) * sqrt(luck.random())
    angle = luck.random() * 2 * pi
    latitude = at_latitude + km * cos(angle) / KM_PER_DEGREE
    longitude = at_longitude + km * sin(angle) / (KM_PER_DEGREE * cos(radians(at_latitude)))
    return round(latitude, 6), round(longitude, 6)


def _reached(luck: Random, number: int) -> dict[str, Any]:
    last = luck.randrange(10_000)
    return {
        "telephone": f"01 99 00 {last // 100:02} {last % 100:02}" if luck.random() < 0.7 else None,
        "courriel": f"lieu-{number}@example.org" if luck.random() < 0.4 else None,
        "site_web": f"https://example.org/{number}" if luck.random() < 0.5 else None,
    }


def _opened(hours: str | None) -> dict[str, Any]:
    return {
        "horaires": hours,
        "horaires_osm": hours,
        "moments": [moment.value for moment in moments(hours)],
    }


def _verified(luck: Random) -> dict[str, Any]:
    if luck.random() < 0.3:
        return {}
    method = luck.choice((Method.IMPORT, Method.TELEPHONE, Method.VISITE))
    return {
        "verified_at": VERIFIED_BEFORE - timedelta(days=luck.randrange(1, VERIFIED_WITHIN_DAYS + 1)),
        "verified_method": method.value,
        "verified_role": None if method is Method.IMPORT else "correspondant",
    }


def seed(engine: Engine, count: int, seed: int, tell: Callable[[str, int, int], None]) -> int:
    """Write so many synthetic entries, spread over the places of the database. Returns how many were written.

    One transaction for a thousand; `tell(source, done, count)` is called after each. Raises ValueError (in French) when
    the database already has some, or has no place.
    """
    with reading(engine) as connection:
        if connection.scalar(select(exists().where(initiatives.c.source == SOURCE))):
            raise ValueError(
                "La base a déjà des lieux synthétiques : choisissez une base neuve pour en faire d'autres."
            )
        rows = synthetic_rows(count, seed, read_places(connection))
    written = 0
    tell(SOURCE, written, count)
    while batch := list(islice(rows, _BATCH)):
        with writing(engine) as connection:
            save_initiatives(connection, batch)
            if written == 0:
                learn_sizes(connection)
        written += len(batch)
        tell(SOURCE, written, count)
    return written
