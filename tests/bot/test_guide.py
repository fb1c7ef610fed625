"""A guide is pages that anyone can read: by need, with the numbers to call, and a code that opens each entry."""

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import segno
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy import Engine

from bot.guide import TEMPLATE, Guide, guide_pdf, inputs, read_guide, territory_called
from bot.poster import CannotPrint
from bot.sheets import MASK, MOST_ABOUT, entry_link, french, lasting_provenance, plain
from catalogue.database import reading
from catalogue.entries import Initiative, Notice
from catalogue.exchange.selection import Territory
from catalogue.needs import Frais, Kind, Method, Need, NoticeKind, Public, Reach
from catalogue.places import PlaceIndex
from handlers.cards import provenance
from handlers.emergency import NUMBERS
from tests.bot.printed import QUIET, codes_in
from tests.handlers.memory import initiative

WEB = "https://exemple.fr"
PRINTED = date(2026, 11, 22)
A4 = (595, 842)  # points
PPI = 300.0
NANTERRE = Territory("Nanterre", frozenset({"92"}), frozenset({"92050"}))
FIRST_SHEETS = 4  # the page they begin on: after the cover, the numbers to call and the contents


def guide(*entries: Initiative, need: Need | None = None) -> Guide:
    return Guide(WEB, PRINTED, entries, NANTERRE, need)


def typed(text: str) -> str:
    """What is written, as it would be typed."""
    return " ".join(text.replace("’", "'").replace("\u200b", "").replace("\u2060", "").split())


def pages_of(document: bytes) -> list[str]:
    return [typed(page.extract_text()) for page in PdfReader(BytesIO(document)).pages]


def words_of(*entries: Initiative) -> str:
    return " ".join(pages_of(guide_pdf(guide(*entries))))


def links_of(document: bytes) -> list[str]:
    annotations = [note.get_object() for page in PdfReader(BytesIO(document)).pages for note in page.get("/Annots", [])]
    return [note["/A"]["/URI"] for note in annotations if "/URI" in note.get("/A", {})]


def texts_of(content: Any) -> Iterator[str]:
    """Every text the template is given, but the pictures."""
    if isinstance(content, str):
        yield from [] if content.startswith("<?xml") else [content]
    elif isinstance(content, (dict, list)):
        for part in content.values() if isinstance(content, dict) else content:
            yield from texts_of(part)


@pytest.fixture
def nanterre(shipped_engine: Engine) -> Guide:
    """The guide of Nanterre, from the shipped catalogue."""
    with reading(shipped_engine) as connection:
        return read_guide(connection, WEB, PRINTED, NANTERRE)


# ---- the shipped catalogue -----------------------------------------------------------------------------


def test_the_guide_of_nanterre_is_a4_pages_in_french_with_a_title(nanterre: Guide) -> None:
    document = PdfReader(BytesIO(guide_pdf(nanterre)))
    assert {tuple(round(float(side)) for side in page.mediabox[2:]) for page in document.pages} == {A4}
    assert document.metadata is not None
    assert document.metadata.title == "Guide des initiatives — Nanterre"
    assert document.root_object["/Lang"] == "fr"


def test_it_says_what_it_is_when_it_was_made_how_to_use_it_and_whom_to_call(nanterre: Guide) -> None:
    cover, second, *_others = pages_of(guide_pdf(nanterre))
    for expected in ("Guide des initiatives", "Nanterre", "édité le 22 novembre 2026", "exemple.fr"):
        assert expected in cover
    assert "Cherchez votre besoin dans le sommaire" in second
    for emergency, numbers in NUMBERS.items():
        assert f"{' ou '.join(numbers)} {emergency.label}" in second


def test_every_entry_is_told_once_with_the_code_that_opens_it(nanterre: Guide) -> None:
    document = guide_pdf(nanterre)
    whole = " ".join(pages_of(document))
    assert len(nanterre.entries) > 15
    assert all(typed(french(entry.nom)) in whole for entry in nanterre.entries)
    assert sorted(links_of(document)) == sorted(entry_link(WEB, entry.id) for entry in nanterre.entries)


def test_the_contents_and_the_index_give_the_true_pages(nanterre: Guide) -> None:
    document = guide_pdf(nanterre)
    pages = pages_of(document)
    contents, index = _listed_on(document, 3), _listed_on(document, len(pages))
    assert [title for title, _page in contents][:2] == ["Manger", "Voir du monde"]
    assert contents[-1] == ("Index des lieux", len(pages))
    assert len(index) == len(nanterre.entries)
    for words, page in (*contents, *index):
        assert words in pages[page - 1]


def _listed_on(document: bytes, page: int) -> list[tuple[str, int]]:
    """What a page lists, each with the page it gives."""
    lines = map(typed, PdfReader(BytesIO(document)).pages[page - 1].extract_text().splitlines())
    found = (re.fullmatch(r"(.+?) (?:\. ?)+ (\d+)", line) for line in lines)
    return [(one[1], int(one[2])) for one in found if one]


def test_the_bookmarks_are_the_needs_in_the_order_of_the_buttons(nanterre: Guide) -> None:
    outline = PdfReader(BytesIO(guide_pdf(nanterre))).outline
    titles = [str(mark.title).replace("’", "'") for mark in outline if not isinstance(mark, list)]
    labels = [need.label for need in Need if any(need in entry.needs for entry in nanterre.entries)]
    assert titles == [*labels, "Index des lieux"]


def test_everything_has_the_spaces_and_apostrophes_of_printed_french(nanterre: Guide) -> None:
    for text in texts_of(json.loads(inputs(nanterre)["guide"])):
        assert not re.search(r" [?!:;»]|« |'|\d h \d", text), text


def test_the_same_guide_is_the_same_file(nanterre: Guide) -> None:
    assert guide_pdf(nanterre) == guide_pdf(nanterre)


def test_the_guide_of_a_department_is_by_commune(shipped_engine: Engine) -> None:
    territory = Territory("Hauts-de-Seine (92)", frozenset({"92"}))
    with reading(shipped_engine) as connection:
        found = read_guide(connection, WEB, PRINTED, territory, Need.ALIMENTATION)
    content = json.loads(inputs(found)["guide"])
    (section,) = content["sections"]
    communes = [part["commune"] for part in section["parts"]]
    assert communes == sorted(communes)
    assert {"Antony", "Nanterre", "Sceaux"} < set(communes)
    assert content["chat"]["alt"].endswith("https://exemple.fr/?besoin=alimentation")
    assert "Guide des initiatives Hauts-de-Seine (92) Manger" in pages_of(guide_pdf(found))[0]


def test_too_large_a_guide_is_refused_and_said_how_to_make_it_smaller(shipped_engine: Engine) -> None:
    with reading(shipped_engine) as connection, pytest.raises(CannotPrint, match="choisissez un territoire ou un bes"):
        read_guide(connection, WEB, PRINTED)


def test_an_empty_guide_is_refused(shipped_engine: Engine) -> None:
    with reading(shipped_engine) as connection, pytest.raises(CannotPrint, match="Aucune initiative"):
        read_guide(connection, WEB, PRINTED, NANTERRE, Need.HANDICAP)


# ---- what a sheet says -----------------------------------------------------------------------------------


def test_a_sheet_says_what_one_needs_before_going() -> None:
    said = words_of(
        initiative(
            1,
            nom="L'Étoile",
            kind=Kind.EPICERIE_SOLIDAIRE,
            adresse="2 rue du Bois",
            telephone="01 47 29 50 50",
            horaires_osm="Mo-Th 09:00-12:30",
            publics=(Public.FAMILLES, Public.SENIORS),
            frais=Frais.PAYANT,
            frais_precisions="5 € par an",
            conditions_acces="sur rendez-vous",
            accessible=True,
        )
    )
    for expected in (
        "L'Étoile Épicerie solidaire On y mange ensemble.",
        "Téléphone 01 47 29 50 50 Adresse 2 rue du Bois, 92000 Nanterre",
        "Horaires Lundi à jeudi 9 h-12 h 30",
        "Pour qui Familles, seniors",
        "Prix Payant. 5 € par an",
        "Accès Sur rendez-vous. On peut entrer en fauteuil roulant",
        "D'après une liste de novembre 2026.",
    ):
        assert expected in said
    assert "À demander" not in said


def test_what_is_not_known_is_said_to_be_asked() -> None:
    assert "À demander horaires, public, prix" in words_of(initiative(1))
    said = words_of(initiative(1, horaires="4e samedi du mois", frais=Frais.GRATUIT))
    assert "Horaires 4e samedi du mois Prix Gratuit À demander public" in said


def test_a_season_and_what_is_true_for_a_time_are_said() -> None:
    closed = Notice(NoticeKind.FERMETURE, date(2026, 11, 20), date(2026, 12, 5), "Travaux.", None)
    said = words_of(initiative(1, season="04-15/10-31", horaires_osm="Sa 14:00-17:00", notices=(closed,)))
    assert "À noter Fermé du 20 novembre au 5 décembre. Travaux" in said
    assert "Horaires Samedi 14 h-17 h. Chaque année du 15 avril au 31 octobre" in said


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (
            {"verified_at": date(2026, 10, 3), "verified_method": Method.TELEPHONE},
            "Confirmé par téléphone en octobre 2026.",
        ),
        (
            {"verified_at": date(2026, 1, 1), "verified_method": Method.VISITE, "verified_by_year": True},
            "Confirmé sur place en 2026.",
        ),
        (
            {"verified_at": date(2019, 1, 1), "verified_by_year": True, "telephone": "01 47 29 50 50"},
            "Pas confirmé depuis 2019 : appelez avant d'y aller.",
        ),
        ({"verified_at": None}, "Pas encore confirmé : vérifiez avant d'y aller."),
        ({"verified_at": date(2026, 11, 1)}, "D'après une liste de novembre 2026."),
        (
            {"verified_method": Method.VISITE, "vanished_at": date(2026, 11, 16)},
            "Absent de sa liste d'origine depuis novembre 2026 : vérifiez avant d'y aller.",
        ),
    ],
)
def test_how_true_it_is_is_said_in_words_that_last(known: dict[str, Any], said: str) -> None:
    entry = initiative(1, **known)
    assert lasting_provenance(entry, PRINTED) == said
    assert provenance(entry, PRINTED) == said or provenance(entry, PRINTED).startswith("Confirmé")


def test_an_entry_is_told_under_its_first_need_and_named_under_the_others() -> None:
    pages = pages_of(guide_pdf(guide(initiative(1, needs=(Need.LIEN_SOCIAL, Need.ALIMENTATION)))))
    (page,) = pages[FIRST_SHEETS - 1 : -1]
    food, company = page.index("Voir aussi Lieu 1 . ."), page.index("Voir du monde Lieu 1 On y mange ensemble.")
    assert food < company


def test_with_a_need_every_entry_is_told_under_it() -> None:
    entry = initiative(1, needs=(Need.LIEN_SOCIAL, Need.ALIMENTATION))
    pages = pages_of(guide_pdf(guide(entry, need=Need.ALIMENTATION)))
    assert "Manger Lieu 1 On y mange ensemble." in pages[FIRST_SHEETS - 1]
    assert "Voir du monde" not in " ".join(pages)


def test_entries_are_by_commune_then_by_name_whatever_their_accents() -> None:
    entries = (
        initiative(1, nom="Épicerie", commune="Sceaux"),
        initiative(2, nom="école", commune="Étampes"),
        initiative(3, nom="Zone", commune="Étampes"),
        initiative(4, nom="Eau", commune="Sceaux"),
    )
    (section,) = json.loads(inputs(guide(*entries))["guide"])["sections"]
    told = [(part["commune"], [one["name"] for one in part["sheets"]]) for part in section["parts"]]
    assert told == [("Étampes", ["école", "Zone"]), ("Sceaux", ["Eau", "Épicerie"])]


def test_what_has_no_place_is_told_last_and_named_under_its_needs() -> None:
    everywhere = initiative(1, nom="Écoute", reach=Reach.NATIONAL, telephone="0 800 123 456")
    far = initiative(2, nom="Au loin", reach=Reach.A_DISTANCE)
    department = initiative(3, nom="Le bus", reach=Reach.DEPARTEMENTAL)
    content = json.loads(inputs(guide(everywhere, far, department, initiative(4)))["guide"])
    food, last = content["sections"]
    assert [one["name"] for one in last["parts"][0]["sheets"]] == ["Le bus", "Écoute", "Au loin"]
    assert [(one["name"], one["where"]) for one in food["also"]][1] == ("Écoute", "partout en France")
    said = words_of(everywhere)
    assert "Partout, ou à distance Écoute On y mange ensemble. Téléphone 0 800 123 456 Besoins Manger" in said
    assert "Où Partout en France" in said


def test_the_index_is_alphabetical_by_the_letters_of_the_names() -> None:
    entries = [initiative(n, nom=nom) for n, nom in enumerate(["Zone", "école", "Eau", "123", "Étoile", "Arbre"], 1)]
    letters = json.loads(inputs(guide(*entries))["guide"])["index"]["letters"]
    listed = [(group["letter"], [one["name"] for one in group["entries"]]) for group in letters]
    assert listed == [("", ["123"]), ("A", ["Arbre"]), ("E", ["Eau", "école", "Étoile"]), ("Z", ["Zone"])]


# ---- codes -----------------------------------------------------------------------------------------------


@cache
def pictures() -> list[bytes]:
    """A guide of one entry, in pixels: one code on its cover, one on the entry's page."""
    data = inputs(guide(initiative(1234)))
    return typst.compile(TEMPLATE, format="png", ppi=PPI, sys_inputs=data, ignore_system_fonts=True)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("page", "link", "made", "least_mm"),
    [
        (1, "https://exemple.fr/?lieu=92050", {"error": "q"}, 35),
        (FIRST_SHEETS, "https://exemple.fr/?fiche=1234", {"error": "m", "mask": MASK}, 15),
    ],
)
def test_a_code_opens_the_chat_or_the_entry(page: int, link: str, made: dict[str, Any], least_mm: float) -> None:
    (code,) = codes_in(pictures()[page - 1], PPI)
    expected = segno.make_qr(link, **made).matrix_iter(border=QUIET)
    assert np.array_equal(code.modules, [list(row) for row in expected])
    assert code.width_mm > least_mm


# ---- whatever the catalogue holds --------------------------------------------------------------------------


@pytest.mark.parametrize("strange", ['#eval("1")', '#panic("!") *a* _b_ $x$ [c] <d> @e `f` \\ // = - + /', "= Titre"])
def test_words_that_look_like_markup_are_printed_as_they_are(strange: str) -> None:
    said = words_of(initiative(1, nom=strange, description=strange, horaires=strange, telephone=strange))
    assert said.count(typed(strange)) >= 4


def test_what_is_very_long_is_cut_and_stays_on_the_page() -> None:
    long = initiative(
        1,
        nom="x" * 500,
        description="y" * 10_000,
        adresse="z" * 300,
        horaires="h " * 900,
        site_web=f"https://{'w' * 300}.fr/{'a' * 200}",
        courriel=f"{'a' * 80}@exemple.fr",
    )
    first = initiative(2, nom="Avant", description="un mot " * 1_500)
    pages = pages_of(guide_pdf(guide(first, long)))
    assert len(pages) == FIRST_SHEETS + 1
    assert "un mot un…" in pages[FIRST_SHEETS - 1]
    assert "y" * (MOST_ABOUT - 1) + "…" in pages[FIRST_SHEETS - 1].replace(" ", "")


def test_letters_that_no_font_has_are_left_out_and_never_stop_the_printing() -> None:
    said = words_of(
        initiative(1, nom="中文", kind=Kind.SEL),
        initiative(2, nom="Le 🌻 café\x07\u202e", description="\u00ad\u200b\ufffd\U0001f468\u200d\U0001f469 ﷽ ok"),
    )
    assert "Échange de services" in said
    assert "Le café" in said


@settings(max_examples=30)
@given(st.text(max_size=80), st.text(max_size=300))
def test_whatever_is_written_is_printed(name: str, words: str) -> None:
    assert guide_pdf(guide(initiative(1, nom=name, description=words, horaires=words))).startswith(b"%PDF")


@given(st.text(max_size=300), st.integers(2, 200))
def test_a_plain_text_is_one_line_no_longer_than_asked(text: str, most: int) -> None:
    kept = plain(text, most).replace("\u200b", "")
    assert len(kept) <= most
    assert "".join(kept.splitlines()) == kept


# ---- which territory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "nom", "departements", "communes"),
    [
        ("92", "Hauts-de-Seine (92)", {"92"}, set()),
        ("hauts de seine", "Hauts-de-Seine (92)", {"92"}, set()),
        ("2a", "Corse-du-Sud (2A)", {"2A"}, set()),
        ("nanterre", "Nanterre", {"92"}, {"92050"}),
        ("92050", "Nanterre", {"92"}, {"92050"}),
    ],
)
def test_a_territory_is_asked_by_a_department_or_by_a_commune(
    place_index: PlaceIndex, asked: str, nom: str, departements: set[str], communes: set[str]
) -> None:
    assert territory_called(asked, place_index) == Territory(nom, frozenset(departements), frozenset(communes))


def test_an_unknown_territory_is_refused(place_index: PlaceIndex) -> None:
    with pytest.raises(CannotPrint, match="Lieu inconnu"):
        territory_called("zzzzzz", place_index)
