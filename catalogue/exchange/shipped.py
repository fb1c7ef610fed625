"""Loading the shipped catalogue into the database, once: what was already loaded is not read again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, delete, exists, insert, select

from catalogue.database import reading, writing
from catalogue.exchange import shipped_places
from catalogue.exchange.events_in import write_events
from catalogue.exchange.reading import Reading
from catalogue.exchange.rows import Refused
from catalogue.exchange.taking_in import Progress, SourceReport, wait_for_our_turn, write_source
from catalogue.exchange.unread import CannotRead
from catalogue.gazetteer import read_places
from catalogue.initiatives import find_again
from catalogue.places import PlaceIndex
from catalogue.tables import initiatives, loads, word_positions

SHIPPED = Path(__file__).parent.parent / "data"
PLACES = "places"
SOURCES = ("collaboratives", "france-services", "numerique")
EVENTS = "rendez-vous"
VERSION = 1  # of what is made of a file: one more when the same file would be read otherwise
PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did: a report for each source there was, and the lines it refused."""

    sources: tuple[SourceReport, ...]
    refused: tuple[Refused, ...]


def load_shipped(engine: Engine, progress: Progress | None = None, folder: Path | None = None) -> LoadReport:
    """Load `places/*.csv`, `initiatives/*.csv`, then `events/*.ics`, of a folder (the shipped one by default).

    One transaction for each source; `progress(source, done, total)` is called as its rows are written. Loading twice
    changes nothing. A bad line is refused and the rest is loaded. What disappeared from a file is marked so. What a
    person has verified, corrected or closed since is left alone: a list knows less than they do.
    """
    tell = progress or _silently
    refused: list[Refused] = []
    reports: list[SourceReport] = []
    index: PlaceIndex | None = None
    sources = _sources(folder or SHIPPED)
    loaded = _loaded(engine)
    _find_older_entries(engine)
    for name, source in sources.items():
        if loaded.get(name) == source.digest:
            reports.append(SourceReport(name, skipped=True))
        elif name == PLACES:
            reports.append(_load_places(engine, source, tell, refused))
        else:
            index = index or _index(engine)
            load = _load_events if name == EVENTS else _load_initiatives
            reports.append(load(engine, name, source, index, tell, refused))
    return LoadReport(tuple(reports), tuple(refused))


def _silently(source: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Source:
    path: Path
    files: Mapping[str, bytes]
    digest: str  # of all that its rows are made from


def _sources(folder: Path) -> dict[str, _Source]:
    """The sources there are, in the order in which they must be loaded."""
    places = _files(folder / "places", shipped_places.FILES)
    digests = _digests(places)
    found = {PLACES: _Source(folder, places, _together(digests))} if shipped_places.COMMUNES in places else {}
    for name in SOURCES:
        path = folder / "initiatives" / f"{name}.csv"
        if path.is_file():
            files = {path.name: path.read_bytes(), "mapping": mapping_of(name).read_bytes()}
            found[name] = _Source(path, files, _together(digests + _digests(files)))
    path = folder / "events" / f"{EVENTS}.ics"
    if path.is_file():
        files = {path.name: path.read_bytes()}
        found[EVENTS] = _Source(path, files, _together(digests + _digests(files)))
    return found


def mapping_of(name: str) -> Path:
    """What the columns of a shipped list mean: the product's own, even for a list that is elsewhere."""
    return SHIPPED / "initiatives" / f"{name}.toml"


def _files(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def _digests(files: Mapping[str, bytes]) -> list[str]:
    return [f"{name}:{sha256(content).hexdigest()}" for name, content in files.items()]


def _together(digests: list[str]) -> str:
    return sha256("\n".join([str(VERSION), *digests]).encode()).hexdigest()


def _find_older_entries(engine: Engine) -> None:
    """Entries written by the first version were not found by their words."""
    with reading(engine) as connection:
        known = connection.scalar(select(exists().select_from(initiatives)))
        if not known or connection.scalar(select(exists().select_from(word_positions))):
            return
    with writing(engine) as connection:
        find_again(connection)


def _loaded(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        return {row.source: row.digest for row in connection.execute(select(loads.c.source, loads.c.digest))}


def _index(engine: Engine) -> PlaceIndex:
    with reading(engine) as connection:
        return PlaceIndex(read_places(connection))


def _load_places(engine: Engine, source: _Source, tell: Progress, refused: list[Refused]) -> SourceReport:
    rows = shipped_places.read_places_files(source.files, refused)
    tell(PLACES, 0, len(rows))
    with writing(engine) as connection:
        wait_for_our_turn(connection)
        saved = shipped_places.save_places(connection, rows)
        _remember(connection, PLACES, source.digest)
    tell(PLACES, len(rows), len(rows))
    return SourceReport(PLACES, saved.created, saved.changed, saved.unchanged)


def _load_initiatives(
    engine: Engine, name: str, source: _Source, index: PlaceIndex, tell: Progress, refused: list[Refused]
) -> SourceReport:
    from catalogue.exchange.documents import records  # slow to load, and nearly every start has read them already
    from catalogue.exchange.mapped import read_mapped, read_mapping

    read = Reading(source.path.name)
    try:
        read_mapped(records(source.path, read), read_mapping(mapping_of(name)), read, index)
    except CannotRead as error:
        read.refuse(1, str(error), lost=True)
    refused.extend(read.refused)
    with writing(engine) as connection:
        wait_for_our_turn(connection)
        report = write_source(connection, name, read, datetime.now(PARIS).date(), tell, whole=True)
        _remember(connection, name, source.digest)
    return report


def _load_events(
    engine: Engine, name: str, source: _Source, index: PlaceIndex, tell: Progress, refused: list[Refused]
) -> SourceReport:
    """Regular events: their dates begin now, and nobody has confirmed them."""
    from catalogue.exchange.calendars import read_calendar  # slow to load too

    read = read_calendar(source.files[source.path.name], name, source.path.name, index)
    refused.extend(read.refused)
    tell(name, 0, len(read.rows))
    with writing(engine) as connection:
        wait_for_our_turn(connection)
        found = write_events(connection, name, read, datetime.now(UTC))
        _remember(connection, name, source.digest)
    tell(name, len(read.rows), len(read.rows))
    return SourceReport(name, found.created, found.changed, found.unchanged, vanished=found.vanished)


def _remember(connection: Connection, source: str, digest: str) -> None:
    connection.execute(delete(loads).where(loads.c.source == source))
    connection.execute(insert(loads), {"source": source, "digest": digest, "loaded_at": datetime.now(UTC)})
