"""A poster is one page that anyone can read, and its two codes lead where it says."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import segno
import typst
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PageObject, PdfReader

from bot.__main__ import main
from bot.poster import (
    QUESTIONS,
    TEMPLATE,
    CannotPrint,
    Poster,
    inputs,
    need_called,
    pdf,
    place_called,
    remarks,
    telegram_name,
    web_base,
)
from bot.settings import Settings
from catalogue.needs import Need
from catalogue.places import Place, PlaceIndex
from handlers.emergency import NUMBERS
from tests.bot.printed import QUIET, Code, codes_in
from tests.botapi.drive import TOKEN, Telegram

PRINTED = date(2026, 11, 24)
PUBLIC = "https://exemple.fr"
PPI = 100.0
A4 = (595, 842)  # points


def place(insee: str, nom: str) -> Place:
    return Place(insee, nom, "COM", None, ("92000",), "92", "Hauts-de-Seine", 97_000, 48.9, 2.2)


NANTERRE = place("92050", "Nanterre")
LONGEST_NAME = place("51513", "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson")
WHOLE = Poster(PUBLIC, PRINTED, Need.ALIMENTATION, NANTERRE, "bonne_porte_bot")


def only_page(document: bytes) -> PageObject:
    (page,) = PdfReader(BytesIO(document)).pages
    return page


def words_of(document: bytes) -> str:
    """What is written on the page, as it would be typed."""
    return " ".join(only_page(document).extract_text().replace("’", "'").replace("\u200b", "").split())


def as_picture(poster: Poster) -> bytes:
    """The page as it is printed, in pixels."""
    return typst.compile(TEMPLATE, format="png", ppi=PPI, sys_inputs=inputs(poster), ignore_system_fonts=True)


@cache
def codes_of(poster: Poster) -> list[Code]:
    return codes_in(as_picture(poster), PPI)


def assert_codes_lead_to(poster: Poster, *links: str) -> None:
    found = codes_of(poster)
    assert len(found) == len(links)
    for code, link in zip(found, links, strict=True):
        version = (len(code.modules) - 2 * QUIET - 17) // 4
        expected = segno.make_qr(link, error="q", version=version).matrix_iter(border=QUIET)
        assert np.array_equal(code.modules, [list(row) for row in expected])


def test_a_poster_is_one_a4_page_in_french_with_a_title() -> None:
    document = PdfReader(BytesIO(pdf(WHOLE)))
    assert [round(float(side)) for side in only_page(pdf(WHOLE)).mediabox[2:]] == list(A4)
    assert document.metadata is not None
    assert document.metadata.title == "La Bonne Porte"
    assert document.root_object["/Lang"] == "fr"


def test_a_poster_says_what_where_how_and_whom_to_call() -> None:
    said = words_of(pdf(WHOLE))
    for expected in (
        "La Bonne Porte",
        "Besoin d'un coup de main pour manger ?",
        "Près de chez vous, à Nanterre",
        "Visez un des deux carrés avec l'appareil photo de votre téléphone.",
        "Sur internet exemple.fr",
        "Sur Telegram t.me/bonne_porte_bot",
        "Sans compte. Sans donner votre nom.",
        "En danger ? Appelez, c'est gratuit.",
        "Affiche imprimée le 24 novembre 2026.",
    ):
        assert expected in said
    for emergency, numbers in NUMBERS.items():
        assert f"{' ou '.join(numbers)} {emergency.label}" in said


def test_the_first_of_the_month_is_said_as_in_french() -> None:
    assert "imprimée le 1er décembre 2026." in words_of(pdf(Poster(PUBLIC, date(2026, 12, 1))))


def test_the_codes_lead_to_the_place_and_the_need() -> None:
    assert_codes_lead_to(
        WHOLE,
        "https://exemple.fr/?lieu=92050&besoin=alimentation",
        "https://t.me/bonne_porte_bot?start=92050_alimentation",
    )


@pytest.mark.parametrize(
    ("poster", "web", "telegram"),
    [
        (Poster(PUBLIC, PRINTED, telegram="un_bot"), "https://exemple.fr/", "https://t.me/un_bot"),
        (
            Poster(PUBLIC, PRINTED, Need.LIEN_SOCIAL, telegram="un_bot"),
            "https://exemple.fr/?besoin=lien-social",
            "https://t.me/un_bot?start=lien-social",
        ),
        (
            Poster(f"{PUBLIC}/guide", PRINTED, place=place("2A004", "Ajaccio"), telegram="un_bot"),
            "https://exemple.fr/guide/?lieu=2A004",
            "https://t.me/un_bot?start=2A004",
        ),
    ],
    ids=["nothing", "need", "place"],
)
def test_the_codes_carry_only_what_is_known(poster: Poster, web: str, telegram: str) -> None:
    assert_codes_lead_to(poster, web, telegram)


def test_without_telegram_one_larger_code_leads_to_the_web() -> None:
    alone = Poster(PUBLIC, PRINTED, Need.ALIMENTATION, NANTERRE)
    assert_codes_lead_to(alone, "https://exemple.fr/?lieu=92050&besoin=alimentation")
    assert "Telegram" not in words_of(pdf(alone))
    assert codes_of(alone)[0].width_mm > codes_of(WHOLE)[0].width_mm


def test_the_two_codes_are_of_one_size_and_large_enough_for_a_camera_at_arms_length() -> None:
    web, telegram = codes_of(WHOLE)
    assert web.modules.shape == telegram.modules.shape
    assert min(web.width_mm, telegram.width_mm) > 45


@pytest.mark.parametrize("need", [None, *Need], ids=str)
@pytest.mark.parametrize("telegram", [None, "b" * 32], ids=["web", "web and telegram"])
def test_each_need_fits_one_page_even_where_everything_is_long(need: Need | None, telegram: str | None) -> None:
    longest = web_base(f"https://{'a' * 63}.exemple.fr/{'b' * 17}")
    said = words_of(pdf(Poster(longest, PRINTED, need, LONGEST_NAME, telegram)))
    assert QUESTIONS[need] in said
    assert "Isson" in said
    assert said.endswith("Affiche imprimée le 24 novembre 2026.")


def test_each_question_is_its_own_and_short() -> None:
    assert len(set(QUESTIONS.values())) == len(QUESTIONS) == len(Need) + 1
    for question in QUESTIONS.values():
        assert question.endswith(" ?")
        assert len(question.split()) <= 15


def test_the_same_poster_is_the_same_file() -> None:
    assert pdf(WHOLE) == pdf(WHOLE)


def test_a_poster_is_written_with_the_fonts_that_come_with_it() -> None:
    resources = only_page(pdf(WHOLE))["/Resources"]
    fonts = {str(font.get_object()["/BaseFont"]).partition("+")[2] for font in resources["/Font"].values()}
    assert {name.partition("-")[0] for name in fonts} == {"LibertinusSerif", "DejaVuSansMono"}


def test_words_that_look_like_markup_are_printed_as_they_are() -> None:
    strange = place("92050", '#panic("!") *a* _b_ $x$ [c] <d> @e \\')
    assert '#panic("!") *a* _b_ $x$ [c] <d> @e \\' in words_of(pdf(Poster(PUBLIC, PRINTED, place=strange)))


@pytest.mark.parametrize(
    ("given_address", "kept"),
    [
        ("https://exemple.fr", "https://exemple.fr"),
        (" https://exemple.fr/ ", "https://exemple.fr"),
        ("http://192.168.1.20:8000/guide/", "http://192.168.1.20:8000/guide"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_plain_address_is_kept(given_address: str, kept: str) -> None:
    assert web_base(given_address) == kept


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "exemple.fr",
        "ftp://exemple.fr",
        "javascript:alert(1)",
        "https://",
        "https://la-mairie.fr@ailleurs.fr",
        "https://nom:secret@exemple.fr",
        "https://exemple.fr/?lieu=75056",
        "https://exemple.fr/#fin",
        "https://exemple.fr/a b",
        "https://exemple.fr\nhttps://ailleurs.fr",
        "https://exemple.fr\\@ailleurs.fr",
        "https://exemple.fr:99999",
        "https://exemple.fr:0",
        "https://-exemple.fr",
        "https://exempl\u0435.fr",  # a Cyrillic letter that looks like an e
        "https://exemple.fr/\u202efdp",
        'https://exemple.fr/"]#panic()',
        "https://[::zz]",
        f"https://exemple.fr/{'a' * 100}",
    ],
)
def test_a_hostile_address_is_refused(hostile: str) -> None:
    with pytest.raises(CannotPrint, match="--web-url"):
        web_base(hostile)


def refusal_of(read: Callable[[str], object], asked: str) -> str:
    try:
        read(asked)
    except CannotPrint as refusal:
        return str(refusal)
    return ""


@given(st.text(max_size=40))
def test_whatever_is_asked_is_refused_in_one_line(asked: str) -> None:
    for read in (web_base, telegram_name, need_called):
        assert len(refusal_of(read, asked).splitlines()) <= 1


@pytest.mark.parametrize("name", ["", "@", "ab", "deux mots", "bot?start=x", "bot/../x", "1bot", "b" * 33, "é_bot"])
def test_what_cannot_be_a_name_on_telegram_is_refused(name: str) -> None:
    with pytest.raises(CannotPrint, match="--telegram"):
        telegram_name(name)


def test_a_name_on_telegram_may_come_with_its_at_sign() -> None:
    assert telegram_name("@bonne_porte_bot") == "bonne_porte_bot"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "0.0.0.0", "chat.localhost"])
def test_an_address_of_this_machine_only_is_said_to_be_so(host: str) -> None:
    (remark,) = remarks(Poster(f"http://{host}:8000", PRINTED, telegram="un_bot"))
    assert "que sur cette machine" in remark


def test_a_public_poster_calls_for_no_remark() -> None:
    assert remarks(WHOLE) == []


@pytest.mark.parametrize("asked", ["92050", "92000", "nanterre", " Nanterre "])
def test_a_place_is_asked_by_its_code_its_postcode_or_its_name(asked: str) -> None:
    assert place_called(asked, PlaceIndex([NANTERRE])) == NANTERRE


@pytest.mark.parametrize("asked", ["", "zzzzzz", "00000", "zz\nzz\x1b[2J", "z" * 500])
def test_an_unknown_place_is_said_in_one_line(asked: str) -> None:
    with pytest.raises(CannotPrint, match="Lieu inconnu") as refusal:
        place_called(asked, PlaceIndex([NANTERRE]))
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 150


def test_many_candidates_are_counted_rather_than_all_listed() -> None:
    villages = [place(f"510{number}", f"Saint-Remy-{number}") for number in range(10, 25)]
    with pytest.raises(CannotPrint, match=r"Saint-Remy-.* ; et 7 autres\. Donnez le code INSEE\.$"):
        place_called("92000", PlaceIndex(villages))


# ---- the command -----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and no settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def telegram_api() -> Iterator[Telegram]:
    """A stand-in for Telegram, with nobody on it."""
    with Telegram() as telegram:
        yield telegram


def poster(*options: str, **settings: str) -> Result:
    return CliRunner().invoke(main, ["poster", *options], env=settings, catch_exceptions=False)


def assert_refused(result: Result, *words: str) -> None:
    (line,) = result.stderr.splitlines()
    assert line.startswith("bonne-porte : ")
    assert all(word in line for word in words)
    assert result.exit_code == 1


def test_the_command_writes_the_poster_of_a_place(folder: Path, shipped_url: str) -> None:
    result = poster(
        *("--place", "nanterre", "--need", "alimentation", "--web-url", PUBLIC, "--telegram", "@un_bot"),
        DATABASE_URL=shipped_url,
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert "https://exemple.fr/?lieu=92050&besoin=alimentation" in result.stdout
    assert "https://t.me/un_bot?start=92050_alimentation" in result.stdout
    said = words_of((folder / "affiche.pdf").read_bytes())
    assert "Besoin d'un coup de main pour manger ? Près de chez vous, à Nanterre" in said


def test_words_that_may_be_several_places_are_answered_by_the_candidates(folder: Path, shipped_url: str) -> None:
    result = poster("--place", "saint-denis", DATABASE_URL=shipped_url)
    assert_refused(result, "« saint-denis »", "Saint-Denis (93066, Seine-Saint-Denis)", "97411", "code INSEE")
    assert not list(folder.iterdir())


def test_a_code_that_is_also_a_postcode_is_said_to_be_read_as_the_insee_one(folder: Path, shipped_url: str) -> None:
    result = poster("--place", "13001", "--web-url", PUBLIC, "--telegram", "un_bot", DATABASE_URL=shipped_url)
    (line,) = result.stderr.splitlines()
    assert "code INSEE d'Aix-en-Provence" in line
    assert "13201" in line
    assert "à Aix-en-Provence" in words_of((folder / "affiche.pdf").read_bytes())


def test_an_unknown_need_is_answered_by_the_sixteen(folder: Path) -> None:
    assert_refused(poster("--need", "manger"), "« manger »", *Need)


def test_a_hostile_address_is_refused_by_the_command(folder: Path) -> None:
    assert_refused(poster("--web-url", "https://la-mairie.fr@ailleurs.fr"), "--web-url")
    assert not list(folder.iterdir())


@pytest.mark.parametrize("output", ["nowhere/affiche.pdf", "."])
def test_an_output_that_cannot_be_written_is_said_in_one_line(folder: Path, output: str) -> None:
    assert_refused(poster("--output", output), output, "ne peut pas être écrit")


def test_without_settings_the_poster_only_works_here_and_says_so(folder: Path) -> None:
    result = poster("--output", "ici.pdf")
    assert result.exit_code == 0
    here, telegram = result.stderr.splitlines()
    assert "http://127.0.0.1:8000 ne marche que sur cette machine" in here
    assert "--web-url" in here
    assert "--telegram" in telegram
    assert "Sur internet" in words_of((folder / "ici.pdf").read_bytes())


def test_the_public_address_of_the_settings_is_used(folder: Path) -> None:
    result = poster("--telegram", "un_bot", TELEGRAM_WEBHOOK_URL="https://public.exemple.fr")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "public.exemple.fr" in words_of((folder / "affiche.pdf").read_bytes())


def test_the_name_of_the_bot_is_asked_to_telegram(folder: Path, telegram_api: Telegram) -> None:
    result = poster("--web-url", PUBLIC, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=telegram_api.url)
    assert (result.exit_code, result.stderr) == (0, "")
    (asked,) = [event for event in telegram_api.get("events")["events"] if event.get("method") == "getMe"]
    assert f"t.me/{asked['reply']['username']}" in words_of((folder / "affiche.pdf").read_bytes())


def test_a_token_that_telegram_refuses_is_said_in_one_line(folder: Path, telegram_api: Telegram) -> None:
    result = poster("--web-url", PUBLIC, TELEGRAM_TOKEN="1:wrong", TELEGRAM_API_URL=telegram_api.url)
    assert_refused(result, "TELEGRAM_TOKEN")
    assert "wrong" not in result.output


def test_telegram_that_does_not_answer_is_said_in_one_line(folder: Path, telegram_api: Telegram) -> None:
    telegram_api.__exit__()
    result = poster("--web-url", PUBLIC, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=telegram_api.url)
    assert_refused(result, "Telegram ne répond pas", "--telegram")
