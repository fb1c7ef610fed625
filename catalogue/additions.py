"""What people who look after the guide put in it: new entries, what more they tell of one, and what is not finished.

New events are in catalogue.event_additions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, cast

from sqlalchemy import Connection, RowMapping, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from catalogue import event_additions, roles
from catalogue.entries import Initiative
from catalogue.event_additions import EventAdditions
from catalogue.hours import PARIS
from catalogue.initiatives import UNKNOWN, Author, change_initiative, initiatives_by_id, save_initiatives
from catalogue.likeness import likeness, traits_of
from catalogue.names import find_by_words
from catalogue.needs import Frais, Kind, Method, Need, Public, Reach, Status
from catalogue.places import Place
from catalogue.roles import Who
from catalogue.tables import drafts, initiatives

Content = Mapping[str, Any]

SOURCE = "correspondants"
TOKEN_BYTES = 16
DRAFT_LASTS = timedelta(days=30)
MOST_ALIKE = 3
BESIDE_KM = 1.0  # across the border of a commune
ALIKE = 0.85  # of a name, there


@dataclass(frozen=True, slots=True)
class Additions:
    """Answers `handlers.adding.Additions` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def token(self) -> str:
        """What makes a new entry one, however many times it is sent."""
        return token_hex(TOKEN_BYTES)

    def draft(self) -> Content:
        """What this person was giving in the last thirty days; {} for nothing."""
        recent = drafts.c.updated_at > self.now.astimezone(UTC) - DRAFT_LASTS
        kept = self.connection.scalar(select(drafts.c.content).where(*_of(self.who), recent))
        return kept or {}

    def kinds(self, code_insee: str, departement: str) -> list[Kind]:
        """The kinds of entries this person may add in a commune."""
        where = {"code_insee": code_insee, "departement": departement, "kind": Kind.AUTRE.value, "nom": ""}
        entry = _entry(_row(where, self.now))
        held = roles.held_by(self.connection, self.who)
        return [
            kind for kind in Kind if any(roles.covers_entry(mandate, replace(entry, kind=kind)) for mandate in held)
        ]

    def alike(self, nom: str, place: Place) -> list[Initiative]:
        """At most three open entries whose name is alike, of the commune or within a kilometre; likeliest first."""
        found = [*_alike_there(self.connection, nom, place), *_called_so_beside(self.connection, nom, place)]
        return initiatives_by_id(self.connection, list(dict.fromkeys(found))[:MOST_ALIKE])

    def preview(self, content: Content) -> Initiative:
        """A new entry as it will be; its id is 0."""
        return _entry(_row(content, self.now))

    def added(self, token: str) -> int | None:
        """The entry that was made of a token."""
        of_token = (initiatives.c.source == SOURCE, initiatives.c.source_id == token)
        return self.connection.scalar(select(initiatives.c.id).where(*of_token))

    def told(self, initiative_id: int) -> Initiative | None:
        """An open entry that is this person's to correct, None for any other."""
        entry = next(iter(initiatives_by_id(self.connection, [initiative_id])), None)
        return entry if entry and roles.answers_for(self.connection, self.who, entry) else None

    @property
    def events(self) -> EventAdditions:
        """What this person may announce."""
        return EventAdditions(self.connection, self.who, self.now)


# ---- what is not finished ------------------------------------------------------------------------


def _upsert(dialect: Any) -> Any:
    statement = dialect.insert(drafts)
    changed = {name: statement.excluded[name] for name in ("content", "updated_at")}
    return statement.on_conflict_do_update(index_elements=["channel", "person"], set_=changed)


_KEEP = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}


def keep(connection: Connection, who: Who, content: Content, now: datetime) -> None:
    """Keeps what somebody is giving, in place of what was kept; {} drops it. `now` is UTC."""
    if not content:
        connection.execute(delete(drafts).where(*_of(who)))
        return
    row = {"channel": who[0], "person": who[1], "content": dict(content), "updated_at": now}
    connection.execute(_KEEP[connection.dialect.name], row)


def drop_old(connection: Connection, now: datetime) -> int:
    """Drops what was left unfinished for thirty days; returns how many there were."""
    return connection.execute(delete(drafts).where(drafts.c.updated_at <= now - DRAFT_LASTS)).rowcount


def _of(who: Who) -> tuple[Any, Any]:
    return drafts.c.channel == who[0], drafts.c.person == who[1]


# ---- what is put in the guide --------------------------------------------------------------------


def add(connection: Connection, who: Who, content: Content, now: datetime) -> int | None:
    """Puts a new entry or event in the guide, once, or what more is told of one; returns its id.

    None, and nothing is written, when that is not theirs to do. `now` is UTC.
    """
    if "monographie" in content:
        return _tell(connection, who, content["monographie"], content["dit"], now)
    if "quand" in content:
        return event_additions.add(connection, who, content, now)
    row = _row(content, now)
    mandate = roles.answers_for(connection, who, _entry(row))
    if mandate is None:
        return None
    found = Additions(connection, who, now)
    if known := found.added(content["jeton"]):
        return known
    author = Author(mandate.role.value, Method(content["verified_method"]))
    save_initiatives(connection, [{**row, "verified_role": author.role}], author, now)
    return found.added(content["jeton"])


def _row(content: Content, now: datetime) -> dict[str, Any]:
    """A row of `initiatives`, of what is known of a new entry."""
    known = {name: value for name, value in content.items() if name in UNKNOWN or name in ("nom", "kind")}
    today = now.astimezone(PARIS).date()
    return {
        **UNKNOWN,
        "needs": content.get("needs", []),
        **known,
        "source": SOURCE,
        "source_id": content.get("jeton", ""),
        "verified_at": today,
        "date_maj": today,
    }


def _entry(row: Content) -> Initiative:
    """A row as an entry that is not in the guide yet."""
    values = {name: row.get(name) for name in Initiative.__dataclass_fields__} | {
        "id": 0,
        "kind": Kind(row["kind"]),
        "needs": tuple(map(Need, row["needs"])),
        "reach": Reach(row["reach"]),
        "status": Status(row["status"]),
        "publics": tuple(map(Public, row["publics"])),
        "frais": Frais.of(row["frais"] or ""),
        "verified_method": Method.of(row["verified_method"] or ""),
        "notices": (),
        "services": (),
    }
    return Initiative(**cast(dict[str, Any], values))


def _tell(connection: Connection, who: Who, id_: int, told: Mapping[str, str], now: datetime) -> int | None:
    """Puts under a description what is told of a place, by heading; what had been told under these is replaced."""
    entry = Additions(connection, who, now).told(id_)
    mandate = roles.answers_for(connection, who, entry) if entry else None
    if entry is None or mandate is None:
        return None
    said = [line for line in entry.description.split("\n") if not line.startswith(tuple(f"{one} : " for one in told))]
    said += [f"{heading} : {words}" for heading, words in told.items() if words]
    values = {"description": "\n".join(said)}
    change_initiative(connection, id_, values, Author(mandate.role.value, Method.BOT), now)
    return id_


# ---- what may be there already -------------------------------------------------------------------

_COMPARED = (
    "id",
    "nom",
    "adresse",
    "commune",
    "code_postal",
    "code_insee",
    "departement",
    "latitude",
    "longitude",
    "exact",
)
_THERE = select(*(initiatives.c[name] for name in (*_COMPARED, "telephone", "courriel", "site_web"))).where(
    initiatives.c.code_insee == bindparam("code_insee_"),
    initiatives.c.status == Status.ACTIVE.value,
    initiatives.c.merged_into.is_(None),
)


def _alike_there(connection: Connection, nom: str, place: Place) -> list[int]:
    """The entries of a commune whose name is like another, the most alike first."""
    row = {
        **_row({"nom": nom, "kind": ""}, datetime.now(UTC)),
        "id": 0,
        "code_insee": place.insee,
        "commune": place.nom,
    }
    new = traits_of(cast(RowMapping, row))
    known = connection.execute(_THERE, {"code_insee_": place.insee}).mappings()
    pairs = [pair for entry in known if (pair := likeness(new, traits_of(entry)))]
    return [pair.second_id for pair in sorted(pairs, key=lambda pair: -pair.score)]


def _called_so_beside(connection: Connection, nom: str, place: Place) -> Sequence[int]:
    if place.latitude is None or place.longitude is None:
        return ()
    found = find_by_words(connection, nom, (place.latitude, place.longitude), MOST_ALIKE, BESIDE_KM)
    return [match.id for match in found if match.score >= ALIKE]
