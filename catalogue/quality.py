"""How good an entry is as data: `score_qualite` of data·inclusion, and what would raise it, in words.

The criteria are the package's own (`data_inclusion.schema.v1.score_qualite`). Only how recent an entry is, is computed
here: the package looks at the clock, and at that alone.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import Any

from data_inclusion.schema.v1 import Service
from data_inclusion.schema.v1.score_qualite import CRITERES, date_maj_recente
from sqlalchemy import Connection

from catalogue.exchange.selection import Territory, select_entries
from catalogue.exchange.thematiques import THEMATIQUE_OF
from catalogue.needs import Need, Reach

FRESH_DAYS, STALE_DAYS = 180, 730  # six months and two years, as the package counts them
LONGEST_DESCRIPTION = 10_000  # characters: the schema's, beyond which the package has no score
_NEVER_UPDATED = frozenset({"agefiph", "france-travail"})  # the package does not look at their dates
_MODES = {Reach.LOCAL.value: {"en-presentiel"}, Reach.A_DISTANCE.value: {"a-distance"}}
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
# What to do, for each criterion. How one gets a service (`modes_mobilisation`) is not kept here: nothing to say of it.
_TO_DO = {
    "adresse_bien_definie": "Ajouter l'adresse",
    "au_moins_un_public": "Dire à qui c'est ouvert",
    "au_moins_une_thematique": "Dire à quels besoins la fiche répond",
    "au_moins_un_moyen_de_contact": "Ajouter un téléphone",
    "telephone_bien_defini": "Ajouter un téléphone",
    "courriel_bien_defini": "Ajouter un courriel",
    "frais_bien_definis": "Dire si c'est gratuit ou payant",
}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Quality:
    """The score of an entry, from 0 to 1; what would raise it, in French, the most valuable first."""

    score: float
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TerritoryQuality:
    """The open entries of a territory: how many, their mean score (0.0 for none), how many in each tenth of the scale.

    `missing` is what would raise the mean, the most valuable first, with how many entries it concerns.
    """

    entries: int
    score: float
    tenths: tuple[int, ...]
    missing: tuple[tuple[str, int], ...]


def quality(row: Row, today: date) -> Quality:
    """The quality of an entry, a row of `initiatives`: the mean over its services.

    What a service does not say, its entry does: that is what a person reads, and can correct. An entry without services
    is scored as the only one its export would make. It is as recent as the last time it was edited or verified.
    """
    score, gains = _weighed(row, today)
    return Quality(score, tuple(sorted(gains, key=lambda to_do: -gains[to_do])))


def territory_quality(connection: Connection, territory: Territory | None, today: date) -> TerritoryQuality:
    """The quality of the open entries of a territory (None: of all), read by pages."""
    scores: list[float] = []
    gained: dict[str, float] = {}
    concerned = Counter[str]()
    for row in select_entries(connection, territory):
        score, gains = _weighed(row, today)
        scores.append(score)
        for to_do, gain in gains.items():
            what = to_do.partition(" : ")[0]
            gained[what] = gained.get(what, 0.0) + gain
            concerned[what] += 1
    tenths = Counter(min(9, round(score * 100) // 10) for score in scores)
    return TerritoryQuality(
        len(scores),
        fmean(scores) if scores else 0.0,
        tuple(tenths[tenth] for tenth in range(10)),
        tuple((what, concerned[what]) for what in sorted(gained, key=lambda what: -gained[what])),
    )


def _weighed(row: Row, today: date) -> tuple[float, dict[str, float]]:
    """The score of an entry, and how much each thing to do would add to it."""
    services = [_service(row, said) for said in row["services"] or [dict[str, Any]()]]
    scores: list[float] = []
    gains: dict[str, float] = {}
    for service in services:
        criteria = _criteria(service, today)
        scores.append(round(sum(round(value, 2) for value in criteria.values()) / len(criteria), 2))
        for name, value in criteria.items():
            if value < 1 and (to_do := _to_do(name, value, service, row)):
                gains[to_do] = gains.get(to_do, 0.0) + (1 - value) / len(criteria) / len(services)
    return round(fmean(scores), 2), gains


def _service(row: Row, said: Row) -> Service:
    """A service as data·inclusion has it. Not validated: what is missing is what the score is about."""
    own = {
        **{name: row[name] for name in ("adresse", "telephone", "courriel", "publics", "frais", "frais_precisions")},
        "thematiques": {THEMATIQUE_OF[Need(need)] for need in row["needs"]},
        "modes_accueil": _MODES.get(row["reach"]),
        "description": row["description"] or "…",
    }
    fields = {**said, **{name: said.get(name) or value or None for name, value in own.items()}}
    fields["description"] = fields["description"][:LONGEST_DESCRIPTION]
    return Service.model_construct(**fields | {"source": row["source"], "date_maj": _last_seen(row, said)})


def _last_seen(row: Row, said: Row) -> date | None:
    edited = date.fromisoformat(said["date_maj"]) if said.get("date_maj") else None
    return max(filter(None, (edited, row["date_maj"], row["verified_at"])), default=None)


def _criteria(service: Service, today: date) -> dict[str, float]:
    """What the package gives for each criterion that applies."""
    found = {
        criterion.__name__: _recent(service, today) if criterion is date_maj_recente else criterion(service)
        for criterion in CRITERES
    }
    return {name: value for name, value in found.items() if value is not None}


def _recent(service: Service, today: date) -> float | None:
    """`date_maj_recente`, on a given day: 1 up to six months, then a line down to 0 at two years.

    The package gives 0 on the 180th day itself, between 1 and 1: it forgot that day.
    """
    if service.source in _NEVER_UPDATED:
        return None
    if service.date_maj is None:
        return 0.0
    age: int = abs((today - service.date_maj).days)
    return min(1.0, max(0.0, (STALE_DAYS - age) / (STALE_DAYS - FRESH_DAYS)))


def _to_do(criterion: str, value: float, service: Service, row: Row) -> str | None:
    if criterion == date_maj_recente.__name__:
        return _confirm(service.date_maj, row)
    if criterion == "description_bien_definie":
        long = len(service.description) >= 2_000
        return f"{'Raccourcir' if long else 'Compléter'} la description : entre 200 et 2 000 caractères"
    if criterion == "frais_bien_definis" and value > 0:
        return "Dire le prix"
    return _TO_DO.get(criterion)


def _confirm(day: date | None, row: Row) -> str:
    if day is None:
        return "Confirmer la fiche : personne ne l'a encore fait"
    if row["verified_by_year"] and day == row["verified_at"]:
        return f"Confirmer la fiche : elle date de {day.year}"
    month = _MONTHS[day.month - 1]
    of_month = f"d'{month}" if month[0] in "ao" else f"de {month}"
    return f"Confirmer la fiche : elle date {of_month} {day.year}"
