"""Correcting a card in the chat, end to end: the field, the old value, the new one, the last tap, the card."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, insert, select, update

from catalogue.corrections import Corrections, correct, decide, undo
from catalogue.database import reading, writing
from catalogue.history import history
from catalogue.needs import Kind, Method, Role
from catalogue.roles import held_by, leave, revoke
from catalogue.tables import checks, conversations, corrections
from handlers.correcting import in_lines
from handlers.dialogue import Reply
from tests.handlers.memory import MemoryDesk
from tests.people import CHANNEL, People, Person

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOMEONE, ANOTHER = "2001", "2002"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def team(engine: Engine, clock: time_machine.Traveller) -> People:
    return People(engine)


@pytest.fixture
def someone(team: People) -> Person:
    return team.with_a_role(SOMEONE, Role.CORRESPONDANT)


def rows(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(corrections).order_by(corrections.c.id)))


def ask(person: Person, entry: int, label: str, check: int = 0) -> Reply:
    """Chooses the field of that label."""
    person.press(f"corriger:{entry}={check}" if check else f"corriger:{entry}")
    return person.tap(label)


def write(person: Person, entry: int, label: str, words: str) -> Reply:
    """Corrects a field with words, to the last tap."""
    ask(person, entry, label)
    person.say(words)
    return person.tap("Oui, corriger")


def card(person: Person, entry: int) -> str:
    """What is read on a card."""
    shown = person.press(f"fiche:{entry}").cards[0]
    return "\n".join((shown.title, *shown.lines))


# Each field, to the card.


@pytest.mark.parametrize(
    ("label", "words", "read"),
    [
        ("Le nom", "La Table commune", "La Table commune"),
        ("La description", "On y cuisine à plusieurs.", "On y cuisine à plusieurs."),
        ("Le téléphone", "0147295051", "Téléphone : 01 47 29 50 51"),
        ("Le courriel", "table@exemple.fr", "Courriel : table@exemple.fr"),
        ("Le site", "www.exemple.fr", "Site : https://www.exemple.fr"),
        ("L'adresse", "12 rue des Fleurs, Sceaux", "12 rue des Fleurs, 92330 Sceaux"),
        ("Les horaires", "lundi 9h-12h", "Horaires : lundi 9 h-12 h"),
        ("La saison", "du 15 avril au 31 octobre", "du 15 avril au 31 octobre"),
        ("Pour qui, en détail", "Sans condition de revenu", "Public : Sans condition de revenu"),
        ("Le prix, en détail", "2 € le repas", "Prix : 2 € le repas"),
        ("Comment y accéder", "Sur inscription", "Pour y accéder : Sur inscription"),
    ],
)
def test_a_field_is_typed_and_read_on_the_card(
    team: People, someone: Person, label: str, words: str, read: str
) -> None:
    entry = team.entry(1)
    ask(someone, entry, label)
    assert "Après : " in someone.say(words).text
    assert someone.tap("Oui, corriger").text.startswith("C'est corrigé. Merci.")
    assert read in card(someone, entry)


@pytest.mark.parametrize(
    ("label", "taps", "read"),
    [
        ("Le genre de lieu", ("Voir les autres", "Bagagerie"), "Bagagerie. On y mange"),
        ("À quoi ça répond", ("✓ Manger", "Voir du monde", "C'est tout"), ""),
        ("Pour qui", ("Jeunes", "Familles", "C'est tout"), "Pour : jeunes, familles."),
        ("Le prix", ("Gratuit",), "Prix : gratuit."),
        ("Fauteuil roulant", ("Non",), "On ne peut pas entrer en fauteuil roulant."),
    ],
)
def test_a_field_is_tapped_and_read_on_the_card(
    team: People, someone: Person, label: str, taps: tuple[str, ...], read: str
) -> None:
    entry = team.entry(1)
    ask(someone, entry, label)
    for tap in taps:
        someone.tap(tap)
    assert someone.tap("Oui, corriger").text.startswith("C'est corrigé. Merci.")
    assert read in card(someone, entry)
    assert team.column(entry, "needs") == (["lien-social"] if label == "À quoi ça répond" else ["alimentation"])


def test_a_place_is_closed_by_a_second_tap_and_can_be_opened_again(team: People, someone: Person) -> None:
    entry = team.entry(1)
    ask(someone, entry, "En activité ou fermé")
    assert "ne sera plus montrée" in someone.tap("Fermé").text
    assert team.column(entry, "status") == "active"
    someone.tap("Oui, corriger")
    assert team.column(entry, "status") == "closed"
    assert "Aujourd'hui : Fermé" in ask(someone, entry, "En activité ou fermé").text
    someone.tap("Ouvert")
    someone.tap("Oui, corriger")
    assert team.column(entry, "status") == "active"


def test_a_closure_is_announced_with_its_days(team: People, someone: Person) -> None:
    entry = team.entry(1)
    ask(someone, entry, "Une annonce")
    someone.tap("Fermé pour un temps")
    someone.say("du 24 novembre au 2 décembre : travaux")
    someone.tap("Oui, corriger")
    assert "Fermé du 24 novembre au 2 décembre. travaux" in card(someone, entry)


def test_a_shared_position_places_the_entry_exactly(team: People, someone: Person) -> None:
    entry = team.entry(1)
    assert ask(someone, entry, "L'adresse").asks_position
    someone.share(48.8931, 2.2081)
    someone.tap("Oui, corriger")
    assert [team.column(entry, name) for name in ("latitude", "longitude", "exact")] == [48.8931, 2.2081, True]
    assert team.column(entry, "commune") == "Nanterre"


def test_hours_are_stored_as_typed_as_syntax_and_as_moments(team: People, someone: Person) -> None:
    entry = team.entry(1)
    ask(someone, entry, "Les horaires")
    reply = someone.say("lundi et jeudi 9h-12h, 4e samedi 14h-17h30")
    assert "lundi, jeudi 9 h-12 h ; 4e samedi du mois 14 h-17 h 30" in reply.text
    assert "Mo,Th 09:00-12:00; Sa[4] 14:00-17:30" in reply.text
    someone.tap("Oui, corriger")
    assert team.column(entry, "horaires") == "lundi et jeudi 9h-12h, 4e samedi 14h-17h30"
    assert team.column(entry, "horaires_osm").startswith("Mo,Th 09:00-12:00; Sa[4] 14:00-17:30")
    assert team.column(entry, "moments") == ["semaine", "week-end"]


# The old value, asking again, going back.


def test_the_old_value_is_shown_before_the_new_one_is_asked(team: People, someone: Person) -> None:
    entry = team.entry(1, telephone="01 47 29 50 50")
    assert "Aujourd'hui : 01 47 29 50 50" in ask(someone, entry, "Le téléphone").text
    assert "ce n'est pas précisé" in ask(someone, entry, "Le courriel").text


def test_what_cannot_be_read_is_asked_again(team: People, someone: Person) -> None:
    entry = team.entry(1, telephone="01 47 29 50 50")
    ask(someone, entry, "Le téléphone")
    assert "Je ne reconnais pas un numéro" in someone.say("appelez Nadia").text
    assert "La fiche le dit déjà" in someone.say("0147295050").text
    assert "Après : 01 47 29 50 51" in someone.say("01 47 29 50 51").text


def test_a_value_is_removed_by_a_tap(team: People, someone: Person) -> None:
    entry = team.entry(1, telephone="01 47 29 50 50")
    ask(someone, entry, "Le téléphone")
    someone.tap("Enlever")
    someone.tap("Oui, corriger")
    assert team.column(entry, "telephone") is None


def test_no_starts_the_field_again_and_nothing_is_written_without_the_last_tap(team: People, someone: Person) -> None:
    entry = team.entry(1)
    ask(someone, entry, "Le nom")
    someone.say("Faux nom")
    assert "Écrivez le nom" in someone.tap("Non, recommencer").text
    someone.say("Vrai nom")
    assert team.column(entry, "nom") == "Lieu 1"
    someone.tap("Ne rien corriger")
    assert team.column(entry, "nom") == "Lieu 1"


def test_one_goes_back_to_the_fields_then_to_what_one_was_doing(team: People, someone: Person) -> None:
    entry = team.entry(1)
    someone.start()
    someone.press("besoin:alimentation")
    someone.say("Nanterre")
    ask(someone, entry, "Le nom")
    assert "Que faut-il corriger" in someone.tap("Retour").text
    someone.tap("Le nom")
    someone.say("La Table")
    someone.tap("Oui, corriger")
    assert someone.tap("Continuer").cards[0].title == "La Table"


def test_words_after_a_correction_that_began_from_nothing_are_no_correction(team: People, someone: Person) -> None:
    entry = team.entry(1)
    write(someone, entry, "Le nom", "La Table")
    someone.say("Autre chose")
    someone.press("corriger-oui:oui")
    assert team.column(entry, "nom") == "La Table"
    assert len(rows(team.engine)) == 1


def test_danger_is_heard_first_and_the_words_are_kept(team: People, someone: Person) -> None:
    entry = team.entry(1)
    ask(someone, entry, "Pour qui, en détail")
    reply = someone.say("Pour les femmes victimes de violences conjugales, mon mari me frappe")
    assert "3919" in str(reply)
    assert "Après : Pour les femmes victimes" in someone.tap("Continuer").text


@pytest.mark.parametrize("hostile", ["a" * 10_000, "Café\0noir", " \u200b "])
def test_hostile_words_are_refused_with_a_sentence(team: People, someone: Person, hostile: str) -> None:
    entry = team.entry(1)
    ask(someone, entry, "Le nom")
    assert "Écrivez" in someone.say(hostile).text
    someone.press("corriger-oui:oui")
    assert team.column(entry, "nom") == "Lieu 1"


@pytest.mark.parametrize("hostile", ["<b>Café</b>", "=CMD()", "\u202eéfaC", "'; DROP TABLE initiatives; --"])
def test_hostile_names_are_stored_as_text(team: People, someone: Person, hostile: str) -> None:
    entry = team.entry(1)
    write(someone, entry, "Le nom", hostile)
    assert team.column(entry, "nom") == hostile.strip("\u202e")


# From a question that was put.


def test_a_correction_made_from_a_question_answers_it(team: People, someone: Person, engine: Engine) -> None:
    entry = team.entry(1)
    with writing(engine) as connection:
        role_id = held_by(connection, (CHANNEL, SOMEONE))[0].id
        row = {"initiative_id": entry, "role_id": role_id, "role": "correspondant", "asked_at": NOON}
        check = connection.execute(insert(checks).values(row).returning(checks.c.id)).scalar_one()
    ask(someone, entry, "Le nom", check)
    someone.say("La Table")
    someone.tap("Oui, corriger")
    assert {"Tout le reste est juste", "Annuler cette correction", "Continuer"} <= set(someone.labels())
    assert f"verifier:{check}=oui" in [choice.data for choice in someone.buttons()]
    assert f"corriger:{entry}={check}" in [choice.data for choice in someone.buttons()]
    with reading(engine) as connection:
        found = connection.execute(select(checks)).one()
    assert (found.answer, found.answered_at) == ("corriger", NOON)


def test_without_a_question_nothing_is_said_to_be_right(team: People, someone: Person) -> None:
    write(someone, team.entry(1), "Le nom", "La Table")
    assert "Tout le reste est juste" not in someone.labels()


# Undoing.


def test_a_correction_is_undone_within_the_hour(team: People, someone: Person, clock: time_machine.Traveller) -> None:
    entry = team.entry(1)
    write(someone, entry, "Le nom", "La Table")
    clock.shift(timedelta(minutes=59))
    assert someone.tap("Annuler cette correction").text.startswith("C'est annulé.")
    assert team.column(entry, "nom") == "Lieu 1"
    assert [row.state for row in rows(team.engine)] == ["undone"]


def test_a_correction_is_not_undone_after_an_hour(team: People, someone: Person, clock: time_machine.Traveller) -> None:
    entry = team.entry(1)
    write(someone, entry, "Le nom", "La Table")
    clock.shift(timedelta(hours=1))
    assert "ne peut plus être annulée" in someone.tap("Annuler cette correction").text
    assert team.column(entry, "nom") == "La Table"


def test_a_correction_is_not_undone_once_the_entry_says_something_else(team: People, someone: Person) -> None:
    entry = team.entry(1)
    write(someone, entry, "Le nom", "La Table")
    write(team.with_a_role(ANOTHER, Role.COORDINATEUR, ("92",)), entry, "Le nom", "Autre")
    with writing(team.engine) as connection:
        assert decide(connection, (CHANNEL, ANOTHER), rows(team.engine)[1].id, True, NOON)
    assert "ne peut plus être annulée" in someone.press(f"defaire:{entry}=nom").text
    assert team.column(entry, "nom") == "Autre"


def test_an_address_is_undone_with_all_its_columns(team: People, someone: Person) -> None:
    entry = team.entry(1, adresse="1 rue A", complement_adresse="Bâtiment B", exact=True)
    write(someone, entry, "L'adresse", "12 rue des Fleurs, Sceaux")
    someone.tap("Annuler cette correction")
    found = [team.column(entry, name) for name in ("adresse", "complement_adresse", "commune", "exact")]
    assert found == ["1 rue A", "Bâtiment B", "Nanterre", True]


# Who may.


def test_who_has_no_role_is_told_politely_and_can_report(team: People) -> None:
    entry = team.entry(1)
    resident = team.person("9")
    assert "Vous ne pouvez pas corriger cette fiche vous-même" in resident.press(f"corriger:{entry}").text
    assert {"Signaler une erreur", "Continuer"} <= set(resident.labels())


@pytest.mark.parametrize("data", ["corriger:", "corriger:abc", "corriger:99999", "corriger:1=x=y", "corriger:-1"])
def test_a_forged_button_opens_nothing(someone: Person, data: str) -> None:
    assert "plus dans le guide" in someone.press(data).text or "Que faut-il" in someone.replies[-1].text
    assert rows(someone.people.engine) == []


@pytest.mark.parametrize(
    ("role", "codes", "more", "may"),
    [
        (Role.CORRESPONDANT, ("92050",), {}, True),
        (Role.CORRESPONDANT, ("92071",), {}, False),
        (Role.CORRESPONDANT, ("92",), {"kinds": (Kind.EPICERIE_SOLIDAIRE,)}, True),
        (Role.CORRESPONDANT, ("92",), {"kinds": (Kind.AMAP,)}, False),
        (Role.COORDINATEUR, ("92",), {}, True),
        (Role.COORDINATEUR, ("93",), {}, False),
        (Role.TRAVAILLEUR_SOCIAL, ("92050",), {}, False),
    ],
)
def test_only_who_answers_for_an_entry_corrects_it(
    team: People, role: Role, codes: tuple[str, ...], more: dict[str, Any], may: bool
) -> None:
    entry = team.entry(1)
    person = team.with_a_role(SOMEONE, role, codes, **more)
    person.press(f"corriger:{entry}")
    assert ("Le nom" in person.labels()) is may
    with writing(team.engine) as connection:
        written = correct(connection, (CHANNEL, SOMEONE), entry, "nom", {"nom": "Autre"}, NOON)
    assert (written is not None) is may
    assert team.column(entry, "nom") == ("Autre" if may else "Lieu 1")


def test_an_organiser_corrects_their_own_entry_and_nobody_elses(team: People) -> None:
    theirs, others = team.entry(1), team.entry(2)
    organiser = team.with_a_role(SOMEONE, Role.ORGANISATEUR, (), initiatives=(theirs,))
    write(organiser, theirs, "Le nom", "Chez nous")
    assert team.column(theirs, "nom") == "Chez nous"
    assert "Vous ne pouvez pas" in organiser.press(f"corriger:{others}").text
    with writing(team.engine) as connection:
        assert correct(connection, (CHANNEL, SOMEONE), others, "nom", {"nom": "À moi"}, NOON) is None


def test_a_role_revoked_between_the_result_and_the_last_tap_writes_nothing(team: People, someone: Person) -> None:
    entry = team.entry(1)
    ask(someone, entry, "Le nom")
    someone.say("La Table")
    with writing(team.engine) as connection:
        revoke(connection, held_by(connection, (CHANNEL, SOMEONE))[0].id, Role.COORDINATEUR, NOON)
    assert "Vous ne pouvez plus corriger cette fiche" in someone.tap("Oui, corriger").text
    assert team.column(entry, "nom") == "Lieu 1"
    assert "De quoi avez-vous besoin" in someone.tap("Continuer").text


@pytest.mark.parametrize("gesture", ["champ:nom", "valeur:enlever", "corriger-oui:oui", "reprendre:", "retour:"])
def test_a_role_revoked_in_the_middle_ends_the_correction(team: People, someone: Person, gesture: str) -> None:
    entry = team.entry(1)
    ask(someone, entry, "Le téléphone")
    with writing(team.engine) as connection:
        leave(connection, (CHANNEL, SOMEONE), NOON)
    someone.press(gesture)
    someone.say("3114")
    for _ in range(3):
        someone.press("reprendre:")
    someone.press("corriger-oui:oui")
    assert team.column(entry, "telephone") is None
    assert rows(team.engine) == []


def test_nobody_undoes_what_another_corrected(team: People, someone: Person) -> None:
    entry = team.entry(1)
    write(someone, entry, "Le nom", "La Table")
    other = team.with_a_role(ANOTHER, Role.COORDINATEUR, ("92",))
    assert "ne peut plus être annulée" in other.press(f"defaire:{entry}=nom").text
    with writing(team.engine) as connection:
        assert not undo(connection, (CHANNEL, ANOTHER), rows(team.engine)[0].id, NOON)
        assert not undo(connection, (CHANNEL, ANOTHER), 999, NOON)
    for data in ("defaire:", "defaire:x=nom", "defaire:1=", f"defaire:{entry}=<script>"):
        assert "ne peut plus être annulée" in someone.press(data).text
    assert team.column(entry, "nom") == "La Table"


def test_who_lost_their_role_undoes_nothing(team: People, someone: Person) -> None:
    entry = team.entry(1)
    write(someone, entry, "Le nom", "La Table")
    with writing(team.engine) as connection:
        leave(connection, (CHANNEL, SOMEONE), NOON)
    assert "ne peut plus être annulée" in someone.press(f"defaire:{entry}=nom").text
    assert team.column(entry, "nom") == "La Table"


@pytest.mark.parametrize(
    "data", ["champ:id", "champ:", "valeur:x", "corriger-oui:oui", "corriger-oui:non", "corriger-non:"]
)
def test_buttons_of_a_correction_do_nothing_outside_of_it(team: People, someone: Person, data: str) -> None:
    someone.press(data)
    someone.press(f"corriger:{team.entry(1)}")
    someone.press(data)
    assert someone.replies[-1].choices
    assert rows(team.engine) == []


# Two of the same field.


def test_what_another_person_corrected_otherwise_is_kept_apart(team: People, someone: Person) -> None:
    entry = team.entry(1)
    another = team.with_a_role(ANOTHER, Role.CORRESPONDANT, ("92",))
    write(someone, entry, "Le nom", "La Table")
    assert "Une personne va choisir" in write(another, entry, "Le nom", "Le Couvert").text
    assert "Annuler cette correction" not in another.labels()
    assert team.column(entry, "nom") == "La Table"
    first, second = rows(team.engine)
    assert (second.state, second.against_id, second.after) == ("waiting", first.id, {"nom": "Le Couvert"})


def test_the_same_value_another_field_or_a_month_later_is_no_conflict(
    team: People, someone: Person, clock: time_machine.Traveller
) -> None:
    entry = team.entry(1)
    another = team.with_a_role(ANOTHER, Role.CORRESPONDANT, ("92",))
    write(someone, entry, "Le nom", "La Table")
    write(another, entry, "Le téléphone", "3114")
    assert write(someone, entry, "Le nom", "Ma Table").text.startswith("C'est corrigé")
    clock.shift(timedelta(days=30))
    assert write(another, entry, "Le nom", "Le Couvert").text.startswith("C'est corrigé")


def test_of_two_people_who_correct_at_once_one_is_applied_and_the_other_waits(team: People, someone: Person) -> None:
    entry = team.entry(1)
    team.with_a_role(ANOTHER, Role.CORRESPONDANT)

    def corrected(person: str) -> int | None:
        with writing(team.engine) as connection:
            return correct(connection, (CHANNEL, person), entry, "nom", {"nom": f"Chez {person}"}, NOON)

    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(corrected, (SOMEONE, ANOTHER)))
    found = rows(team.engine)
    assert sorted(row.state for row in found) == ["applied", "waiting"]
    assert [{"nom": team.column(entry, "nom")}] == [row.after for row in found if row.state == "applied"]


def test_two_notices_are_both_told(team: People, someone: Person) -> None:
    entry = team.entry(1)
    another = team.with_a_role(ANOTHER, Role.CORRESPONDANT, ("92",))
    for person, days in ((someone, "du 1er au 2 décembre"), (another, "du 8 au 9 décembre")):
        ask(person, entry, "Une annonce")
        person.tap("Fermé pour un temps")
        person.say(days)
        person.tap("Oui, corriger")
    assert len(team.column(entry, "notices")) == 2


def test_a_second_proposal_of_the_same_person_replaces_the_first(team: People, someone: Person) -> None:
    entry = team.entry(1)
    another = team.with_a_role(ANOTHER, Role.CORRESPONDANT, ("92",))
    write(someone, entry, "Le nom", "La Table")
    write(another, entry, "Le nom", "Le Couvert")
    write(another, entry, "Le nom", "Le Bol")
    assert [row.state for row in rows(team.engine)] == ["applied", "undone", "waiting"]


# What is kept.


def test_every_correction_is_in_the_history_with_its_role(team: People, someone: Person) -> None:
    entry = team.entry(1)
    write(someone, entry, "Le nom", "La Table")
    with reading(team.engine) as connection:
        last = history(connection, entry)[0]
    assert (last.role, last.method, last.after) == ("correspondant", Method.BOT.value, {"nom": "La Table"})


def test_who_made_corrections_is_told_that_they_are_kept(team: People, someone: Person) -> None:
    write(someone, team.entry(1), "Le nom", "La Table")
    with reading(team.engine) as connection:
        theirs = Corrections(connection, (CHANNEL, SOMEONE), NOON)
        assert in_lines(MemoryDesk(corrections=theirs)) == ["1 correction faite dans votre rôle"]
    assert in_lines(MemoryDesk()) == []


def test_a_correction_that_was_left_does_not_last(team: People, someone: Person) -> None:
    ask(someone, team.entry(1), "Le nom")
    assert "une correction commencée : Le nom" in someone.press("mesdonnees:").text
    with writing(team.engine) as connection:
        connection.execute(update(conversations).values(updated_at=NOON - timedelta(hours=25)))
    assert "commencée" not in someone.press("mesdonnees:").text
