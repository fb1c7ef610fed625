"""Photos of posters: what is kept of one, whose it is to attach, to see and to remove, and when it is forgotten."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import Engine, delete, func, select

from catalogue import photos, pictures
from catalogue.copying import copy_database
from catalogue.database import open_database, reading, writing
from catalogue.history import history
from catalogue.needs import Role
from catalogue.pictures import Flaw, Unusable, kept
from catalogue.roles import Who, leave
from catalogue.tables import initiatives
from catalogue.tables import photos as table
from scheduler.retention import forget_the_silent
from tests.people import CHANNEL, People

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOMEONE, ANOTHER, THIRD = ((CHANNEL, number) for number in ("2001", "2002", "2003"))
PARIS = {0x8825: {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 21.0, 8.0)}}


def photo(
    size: tuple[int, int] = (40, 30), kind: str = "JPEG", mode: str = "RGB", orientation: int = 1, **more: object
) -> bytes:
    """A photo whose left half is red, with all that a telephone writes in it."""
    image = Image.new(mode, size)
    if mode == "RGB":
        image.paste((250, 0, 0), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x013B] = orientation, "Un telephone", "Quelqu'un"
    exif.get_ifd(0x8825).update(PARIS[0x8825])
    out = BytesIO()
    image.save(out, kind, exif=exif, **more)
    return out.getvalue()


def opened(picture: pictures.Picture) -> Image.Image:
    return Image.open(BytesIO(picture.jpeg))


# What is kept.


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_is_kept_of_when_where_and_with_what_it_was_taken(kind: str) -> None:
    sent = photo(kind=kind, **({"comment": b"chez Someone"} if kind == "JPEG" else {}))
    assert Image.open(BytesIO(sent)).getexif()
    shown = opened(kept(sent))
    assert shown.format == "JPEG"
    assert not shown.getexif()
    assert not {"exif", "comment", "xmp", "icc_profile", "photoshop"} & set(shown.info)
    assert b"Exif" not in kept(sent).jpeg
    assert b"telephone" not in kept(sent).jpeg
    assert b"Someone" not in kept(sent).jpeg


def test_a_photo_taken_sideways_is_kept_upright() -> None:
    picture = kept(photo((40, 30), orientation=6))
    assert (picture.width, picture.height) == (30, 40)
    red = opened(picture).getpixel((15, 5))
    assert isinstance(red, tuple)
    assert red[0] > 200


def test_a_large_photo_is_made_smaller_and_a_small_one_is_left_as_it_is() -> None:
    large = kept(photo((4000, 3000)))
    assert (large.width, large.height) == opened(large).size == (1600, 1200)
    assert (kept(photo((40, 30))).width, kept(photo((40, 30))).height) == (40, 30)


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "LA", "I;16"])
def test_every_kind_of_colours_is_kept(mode: str) -> None:
    assert opened(kept(photo(kind="PNG", mode=mode))).mode == "RGB"


def test_what_is_transparent_is_white() -> None:
    seen = opened(kept(photo(kind="PNG", mode="RGBA"))).getpixel((3, 3))
    assert seen == (255, 255, 255)


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (b"", Flaw.UNREADABLE),
        (b"GIF89a", Flaw.UNREADABLE),
        (b"%PDF-1.7", Flaw.UNREADABLE),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', Flaw.UNREADABLE),
        (b"\x00\x00\x00\x18ftypheic", Flaw.UNREADABLE),
        (photo((400, 300))[:-2000], Flaw.UNREADABLE),
        (photo(kind="PNG")[:-120], Flaw.UNREADABLE),
        (b"\0" * (pictures.MOST_BYTES + 1), Flaw.TOO_HEAVY),
    ],
    ids=["nothing", "gif", "pdf", "svg", "heic", "cut jpeg", "cut png", "heavy"],
)
def test_what_is_no_photo_is_refused_and_said_why(content: bytes, flaw: Flaw) -> None:
    with pytest.raises(Unusable) as refused:
        kept(content)
    assert refused.value.flaw is flaw


def test_a_gif_is_refused() -> None:
    out = BytesIO()
    Image.new("P", (4, 4)).save(out, "GIF")
    with pytest.raises(Unusable, match=Flaw.UNREADABLE):
        kept(out.getvalue())


def test_too_many_pixels_are_refused_before_any_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    out = BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    assert len(out.getvalue()) < 200_000
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(Unusable, match=Flaw.TOO_LARGE):
        kept(out.getvalue())


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(0, 600), st.binary(min_size=1, max_size=30))
def test_a_damaged_photo_is_kept_or_refused(kind: str, at: int, noise: bytes) -> None:
    sent = bytearray(photo(kind=kind))
    sent[at : at + len(noise)] = noise
    with suppress(Unusable):
        assert kept(bytes(sent)).jpeg


# Whose it is.


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def team(engine: Engine, clock: time_machine.Traveller) -> People:
    people = People(engine)
    people.with_a_role(SOMEONE[1], Role.CORRESPONDANT)
    people.with_a_role(ANOTHER[1], Role.CORRESPONDANT, ["92071"])
    people.with_a_role(THIRD[1], Role.TRAVAILLEUR_SOCIAL)
    return people


def received(engine: Engine, at: datetime = NOON) -> int:
    with writing(engine) as connection:
        return photos.receive(connection, kept(photo()), at)


def attached(engine: Engine, who: Who, entry: int, at: datetime = NOON) -> int:
    number = received(engine, at)
    with writing(engine) as connection:
        assert photos.attach(connection, who, number, entry, at)
    return number


def numbers(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return list(connection.scalars(select(table.c.id).order_by(table.c.id)))


def test_who_answers_for_an_entry_attaches_a_photo_and_history_says_it_without_the_photo(team: People) -> None:
    entry = team.entry(1)
    number = attached(team.engine, SOMEONE, entry)
    with reading(team.engine) as connection:
        assert [one.id for one in photos.Photos(connection, SOMEONE, NOON).of(entry)] == [number]
        last = history(connection, entry)[0]
        row = connection.execute(select(table)).mappings().one()
    assert (last.role, last.before, last.after) == ("correspondant", {"affiches": 0}, {"affiches": 1})
    assert row["by_role"] == "correspondant"
    assert set(row) == {"id", "initiative_id", "jpeg", "width", "height", "received_at", "attached_at", "by_role"}


@pytest.mark.parametrize("who", [ANOTHER, THIRD, (CHANNEL, "9")], ids=["elsewhere", "social worker", "nobody"])
def test_nobody_else_attaches_sees_or_removes_one(team: People, who: Who) -> None:
    entry = team.entry(1)
    number, waiting = attached(team.engine, SOMEONE, entry), received(team.engine)
    with writing(team.engine) as connection:
        assert not photos.attach(connection, who, waiting, entry, NOON)
        assert not photos.remove(connection, who, number, NOON)
        assert photos.jpeg_for(connection, who, number) is None
        desk = photos.Photos(connection, who, NOON)
        assert (desk.of(entry), desk.one(number)) == ([], None)
        assert photos.jpeg_for(connection, SOMEONE, number)
        assert len(history(connection, entry)) == 2


def test_who_left_sees_it_no_more(team: People) -> None:
    entry = team.entry(1)
    number = attached(team.engine, SOMEONE, entry)
    with writing(team.engine) as connection:
        leave(connection, SOMEONE, NOON)
        assert photos.jpeg_for(connection, SOMEONE, number) is None


def test_a_photo_is_attached_once(team: People) -> None:
    first, second = team.entry(1), team.entry(2)
    number = attached(team.engine, SOMEONE, first)
    with writing(team.engine) as connection:
        assert not photos.attach(connection, SOMEONE, number, second, NOON)
        assert not photos.Photos(connection, SOMEONE, NOON).waits(number)
        assert photos.jpeg_for(connection, SOMEONE, received_later := 999) is None
        assert not photos.attach(connection, SOMEONE, received_later, first, NOON)


def test_a_photo_that_waits_is_shown_to_nobody_by_its_number(team: People) -> None:
    waiting = received(team.engine)
    with reading(team.engine) as connection:
        assert photos.jpeg_for(connection, SOMEONE, waiting) is None
        assert photos.Photos(connection, SOMEONE, NOON).one(waiting) is None


def test_an_entry_has_three_photos_at_most_and_the_oldest_goes(team: People) -> None:
    entry = team.entry(1)
    first, *others = [attached(team.engine, SOMEONE, entry, NOON + timedelta(minutes=number)) for number in range(4)]
    assert numbers(team.engine) == others
    assert first not in others
    with reading(team.engine) as connection:
        assert history(connection, entry)[0].after == {"affiches": 3}


def test_a_photo_is_removed_by_who_answers_for_the_entry(team: People) -> None:
    entry = team.entry(1)
    number = attached(team.engine, SOMEONE, entry)
    with writing(team.engine) as connection:
        assert photos.remove(connection, SOMEONE, number, NOON)
        assert not photos.remove(connection, SOMEONE, number, NOON)
        assert history(connection, entry)[0].after == {"affiches": 0}
    assert numbers(team.engine) == []


# Forgotten.


def test_what_nobody_attaches_is_forgotten_after_an_hour_and_the_others_after_a_year(team: People) -> None:
    entry = team.entry(1)
    number, waiting = attached(team.engine, SOMEONE, entry), received(team.engine)
    for after, left in (
        (timedelta(minutes=59), [number, waiting]),
        (timedelta(minutes=60), [number]),
        (timedelta(days=364), [number]),
        (timedelta(days=365), []),
    ):
        with writing(team.engine) as connection:
            forget_the_silent(connection, NOON + after)
        assert numbers(team.engine) == left


def test_its_photos_go_with_an_entry(team: People) -> None:
    entry = team.entry(1)
    attached(team.engine, SOMEONE, entry)
    with writing(team.engine) as connection:
        connection.execute(delete(initiatives).where(initiatives.c.id == entry))
        assert connection.scalar(select(func.count()).select_from(table)) == 0


def test_photos_move_with_an_installation(sqlite_url: str, postgres_url: str) -> None:
    ours, theirs = open_database(sqlite_url), open_database(postgres_url)
    received(ours)
    copy_database(ours, theirs, lambda what, done, total: None)
    found = []
    for engine in (ours, theirs):
        with reading(engine) as connection:
            found.append(connection.execute(select(table)).one())
        engine.dispose()
    assert found[0] == found[1]
