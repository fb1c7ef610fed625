"""Our own columns, which travel beside the fields of the national schema, in `bonne_porte`.

What only tells of this database does not travel: its numbers, or when a source lost an entry.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, NotRequired

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    TypeAdapter,
    ValidationError,
    with_config,
)
from typing_extensions import TypedDict

from catalogue.exchange.given_values import day
from catalogue.exchange.national_schema import Fields, explained
from catalogue.exchange.reading import EntryRow
from catalogue.exchange.rows import text
from catalogue.exchange.unread import is_storable
from catalogue.hours import LONGEST, checked_osm, moments
from catalogue.needs import Frais, Kind, Method, Moment, Need, NoticeKind, Public, Reach, Role, Status
from catalogue.notices import Stored, notice, read_notices, season_days, with_notice


def _valid_season(value: str) -> str:
    season_days(value)
    return value


def _valid_hours(value: str) -> str:
    if len(value) > LONGEST or not checked_osm(value):
        raise ValueError("horaires qui ne sont pas au format OpenStreetMap")
    return value


def _words(value: str) -> str | None:
    """Words, cleaned as those of any list are."""
    if not is_storable(value):
        raise ValueError("caractères illisibles")
    return text(value)


def _name(value: str) -> str:
    found = _words(value)
    if not found:
        raise ValueError("manquant")
    return found


def _message(value: str) -> str:
    return _words(value) or ""


def _lines(value: str) -> str:
    """A description, of which what is told of a place (monographie) is a line each."""
    return "\n".join(filter(None, map(_words, value.split("\n"))))


def _identifier(value: str) -> str:
    if text(value) != value:  # cleaned, it would be that of another entry
        raise ValueError("caractères illisibles")
    return value


_Identifier = Annotated[str, Field(min_length=1), AfterValidator(_identifier)]
_Name = Annotated[str, AfterValidator(_name)]
_Lines = Annotated[str, AfterValidator(_lines)]
_Message = Annotated[str, AfterValidator(_message)]
_Words = Annotated[str, AfterValidator(_words)]
_Code = Annotated[str, Field(pattern=r"^\w{5}$")]
_Departement = Annotated[str, Field(pattern=r"^\w{2,3}$")]
_Hours = Annotated[str, AfterValidator(_valid_hours)]
_Season = Annotated[str, AfterValidator(_valid_season)]
_Day = Annotated[str, BeforeValidator(day)]


@with_config(ConfigDict(extra="forbid", use_enum_values=True))
class _GivenNotice(TypedDict):
    kind: NoticeKind
    starts: _Day
    ends: _Day
    message: _Message
    horaires_osm: NotRequired[_Hours | None]


def _valid_notices(value: list[_GivenNotice]) -> list[Stored]:
    """As they are stored with an entry. Raises ValueError, in French, for one that makes no sense."""
    stored: list[Stored] = []
    for one in read_notices([{**given} for given in value]):
        sound = notice(one.kind, one.starts, one.ends, one.message, one.horaires_osm)
        stored = with_notice(stored, sound, date.min)  # those that are over came too
    return stored


@with_config(ConfigDict(extra="forbid", use_enum_values=True))
class BonnePorte(TypedDict, total=False):
    """Our own columns, where they are not what the fields of data·inclusion lead to."""

    source_id: _Identifier
    nom: _Name
    kind: Kind
    needs: list[Need]
    reach: Reach
    status: Status
    description: _Lines
    adresse: _Words | None
    complement_adresse: _Words | None
    commune: _Words | None
    code_postal: _Code | None
    code_insee: _Code | None
    departement: _Departement | None
    latitude: Annotated[FiniteFloat, Field(ge=-90, le=90)] | None
    longitude: Annotated[FiniteFloat, Field(ge=-180, le=180)] | None
    exact: StrictBool
    telephone: _Words | None
    courriel: _Words | None
    site_web: _Words | None
    lien_source: _Words | None
    horaires: _Words | None
    horaires_osm: _Hours | None
    moments: list[Moment]
    publics: list[Public]
    publics_precisions: _Words | None
    frais: Frais | None
    frais_precisions: _Words | None
    conditions_acces: _Words | None
    accessible: StrictBool | None
    date_maj: date | None
    verified_at: date | None
    verified_method: Method | None
    verified_role: Role | None
    verified_by_year: StrictBool
    zones: list[_Departement]
    season: _Season | None
    notices: Annotated[list[_GivenNotice], AfterValidator(_valid_notices)]


_BONNE_PORTE: TypeAdapter[BonnePorte] = TypeAdapter(BonnePorte)


def read_own(given: object) -> tuple[Fields, dict[str, str]]:
    """Our own columns from `bonne_porte`, and why some are refused: then only what tells which entry it is."""
    try:
        said = json.loads(given) if isinstance(given, str) and given.strip() else given or {}
    except (ValueError, RecursionError):
        return {}, {"bonne_porte": "JSON illisible"}
    try:
        own: Fields = {**_BONNE_PORTE.validate_python(said)}
    except ValidationError as error:
        known = said.get("source_id") if isinstance(said, dict) else None
        return {"source_id": known} if isinstance(known, str) else {}, explained(error, "bonne_porte.")
    return own, {}


def laid_over(row: EntryRow, own: Mapping[str, Any]) -> EntryRow:
    """A row with our own columns in place of what was inferred."""
    row = {**row, **own}
    return row | {"moments": own.get("moments", [moment.value for moment in moments(row["horaires_osm"])])}
