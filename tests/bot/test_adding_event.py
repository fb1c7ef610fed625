"""Announcing an event in the chat: from nothing to a date that is found, by who answers for it, and nobody else."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from catalogue.additions import SOURCE
from catalogue.database import reading, writing
from catalogue.events import next_dates
from catalogue.hours import PARIS
from catalogue.needs import Role
from catalogue.roles import leave
from catalogue.tables import drafts, events, occurrences, outbox
from handlers import words
from handlers.dialogue import Reply
from handlers.event_questions import reached
from handlers.field_answers import Refused
from handlers.spoken_dates import spoken
from scheduler.changes import tell_changes
from tests.handlers.memory import TUESDAY
from tests.people import CHANNEL, People, Person
from tests.scheduler.telling import COMPOSERS, a_date, paris

WHEN = "samedi 12 décembre de 14h à 17h"
ANSWERS = (
    ("tap", "Lieu 1"),
    ("say", "Repair café de Noël"),
    ("tap", "Repair café"),
    ("tap", "C'est tout"),
    ("say", WHEN),
    ("tap", "Oui, c'est ça"),
    ("say", "Sur place : 3 rue du Pont, 92000 Nanterre"),
    ("say", "On répare ensemble ce qui est cassé"),
    ("tap", "Gratuit"),
    ("say", "01 47 29 50 50"),
)
NOBODY_S = (
    ("tap", "Aucun lieu du guide"),
    ("say", "Nanterre"),
    *ANSWERS[1:6],
    ("say", "Salle des fêtes, 3 rue du Parc"),
)
SKIPPED = (("tap", "Je ne sais pas"),) * 3
LAST = "Oui, l'annoncer"


@pytest.fixture
def entry(people: People) -> int:
    return people.entry(1, adresse="3 rue du Pont", exact=True)


@pytest.fixture
def organiser(people: People, entry: int) -> Person:
    return people.with_a_role("2002", Role.ORGANISATEUR, (), initiatives=[entry])


@pytest.fixture
def someone(people: People) -> Person:
    """A correspondent of Nanterre."""
    return people.with_a_role("2001", Role.CORRESPONDANT)


def begin(person: Person, *answers: tuple[str, str]) -> Reply:
    reply = person.press("annoncer:")
    return person.give(*answers) if answers else reply


def known(people: People) -> list[Any]:
    with reading(people.engine) as connection:
        return list(connection.execute(select(events).order_by(events.c.id)).mappings())


def dates(people: People) -> list[Any]:
    with reading(people.engine) as connection:
        return list(connection.execute(select(occurrences).order_by(occurrences.c.starts_at)).mappings())


def draft_of(people: People) -> Any:
    with reading(people.engine) as connection:
        return connection.scalar(select(drafts.c.content))


# ---- from nothing to the agenda -------------------------------------------------------------------


def test_an_event_from_nothing_is_shown_as_it_will_be_then_in_the_agenda(
    people: People, organiser: Person, entry: int
) -> None:
    with time_machine.travel(TUESDAY):
        shown = begin(organiser, *ANSWERS)
        (card,) = shown.cards
        assert card.title == "Repair café de Noël"
        assert card.lines == (
            "Samedi 12 décembre de 14 h à 17 h, dans 2 semaines",
            "Lieu 1, 3 rue du Pont, 92000 Nanterre",
            "On répare ensemble ce qui est cassé. Gratuit.",
            "Téléphone : 01 47 29 50 50",
        )
        assert known(people) == []
        said = organiser.tap(LAST)
        assert said.text == "C'est fait : Repair café de Noël est dans l'agenda. Merci."
        (row,) = known(people)
        assert (row["source"], row["initiative_id"], row["kind"]) == (SOURCE, entry, "repair-cafe")
        assert (row["needs"], row["code_insee"], row["exact"]) == (["equipement", "lien-social"], "92050", True)
        with reading(people.engine) as connection:
            (date,) = next_dates(connection, entry, TUESDAY)
        assert (date.starts_at, date.ends_at) == (paris(12, 12, 14), paris(12, 12, 17))
        assert date.confirmed_at is None
        assert draft_of(people) is None
        assert organiser.tap("Voir le rendez-vous").cards[0].title == "Repair café de Noël"


def announced(people: People, organiser: Person) -> None:
    with time_machine.travel(TUESDAY):
        begin(organiser, *ANSWERS)
        organiser.tap(LAST)


def test_for_an_hour_it_is_taken_back_in_two_taps(people: People, organiser: Person, entry: int) -> None:
    announced(people, organiser)
    with time_machine.travel(TUESDAY + timedelta(minutes=59)):
        assert organiser.tap("Le retirer de l'agenda").text == (
            "Retirer « Repair café de Noël » de l'agenda, avec toutes ses dates ?"
        )
        assert known(people)[0]["vanished_at"] is None
        assert organiser.tap("Oui, le retirer").text.startswith("C'est retiré de l'agenda.")
        with reading(people.engine) as connection:
            assert next_dates(connection, entry, TUESDAY) == []
        (row,) = known(people)
        assert (row["vanished_at"], row["status"]) == (TUESDAY.date(), "cancelled")
        token = row["source_id"]
        for data in (f"rdv-retirer:{token}=oui", f"annoncer:oui={token}", f"annoncer:voir={token}"):
            organiser.press(data)
            assert "C'est fait" not in organiser.replies[-1].text
        assert [row["source_id"] for row in known(people)] == [token]


def test_after_an_hour_each_date_is_cancelled_instead(people: People, organiser: Person) -> None:
    announced(people, organiser)
    (row,) = known(people)
    with time_machine.travel(TUESDAY + timedelta(minutes=61)):
        for data in (f"rdv-retirer:{row['source_id']}", f"rdv-retirer:{row['source_id']}=oui"):
            assert organiser.press(data).text.startswith("On retire un rendez-vous dans l'heure seulement.")
        assert known(people)[0]["vanished_at"] is None
        organiser.tap("Est-il maintenu ?")
        assert "Annulé" in " ".join(organiser.labels())


def test_whoever_asked_for_a_reminder_of_what_is_taken_back_is_told(people: People, organiser: Person) -> None:
    announced(people, organiser)
    resident = people.person("2011")
    with time_machine.travel(TUESDAY + timedelta(minutes=5)):
        (date,) = dates(people)
        resident.press(f"rappeler:{date['event_id']}-{int(date['original_at'].timestamp())}=veille")
        organiser.tap("Le retirer de l'agenda")
        organiser.tap("Oui, le retirer")
        with writing(people.engine) as connection:
            assert tell_changes(connection, paris(11, 24, 12), COMPOSERS) == 1
    with reading(people.engine) as connection:
        told = connection.execute(select(outbox).order_by(outbox.c.id.desc())).mappings().first()
    assert told
    assert told["person"] == "2011"
    assert told["message"]["text"].startswith("Annulé : Repair café de Noël, samedi 12 décembre à 14 h. N'y allez pas.")


def test_what_recurs_is_read_back_date_by_date_and_goes_on(people: People, organiser: Person) -> None:
    with time_machine.travel(TUESDAY):
        asked = begin(organiser, *ANSWERS[:4], ("say", "tous les 1ers mercredis du mois 15h-17h"))
        assert asked.text == (
            "J'ai compris :\n"
            "– mercredi 2 décembre de 15 h à 17 h, dans 8 jours\n"
            "– mercredi 6 janvier 2027 de 15 h à 17 h, dans 6 semaines\n"
            "– mercredi 3 février 2027 de 15 h à 17 h, dans 10 semaines\n"
            "Et ainsi de suite.\n"
            "C'est bien ça ?"
        )
        shown = organiser.give(*ANSWERS[5:])
        assert shown.cards[0].lines[1:4] == (
            "Puis mercredi 6 janvier 2027 à 15 h.",
            "Puis mercredi 3 février 2027 à 15 h.",
            "Et ainsi de suite.",
        )
        organiser.tap(LAST)
    assert [row["starts_at"] for row in dates(people)] == [
        paris(12, 2, 15),
        paris(1, 6, 15, year=2027),
        paris(2, 3, 15, year=2027),
    ]


def test_what_is_not_understood_is_asked_again_and_never_guessed(organiser: Person) -> None:
    with time_machine.travel(TUESDAY):
        begin(organiser, *ANSWERS[:4])
        for said, first in (
            ("samedi 14h", "Un seul samedi, ou tous les samedis ?"),
            ("samedi 12 décembre", "À quelle heure ?"),
            ("dimanche 12 décembre 14h", "Le 12 décembre est un samedi."),
            ("12 novembre 14h", "C'est passé : jeudi 12 novembre 2026."),
            ("quand vous voulez", "Je ne suis pas sûr de comprendre quand c'est."),
        ):
            reply = organiser.say(said)
            assert reply.text.startswith(first)
            assert "Quand est-ce ?" in reply.text
        organiser.say(WHEN)
        assert "autrement" in organiser.tap("Non").text
        assert "J'ai compris" in organiser.say(WHEN).text


def test_an_event_of_no_entry_is_in_a_commune_one_looks_after(people: People, someone: Person) -> None:
    with time_machine.travel(TUESDAY):
        shown = begin(someone, *NOBODY_S, *SKIPPED)
        assert shown.cards[0].lines[1] == "À Nanterre : Salle des fêtes, 3 rue du Parc, 92000 Nanterre"
        someone.tap(LAST)
    (row,) = known(people)
    assert (row["initiative_id"], row["lieu"], row["adresse"]) == (None, "Salle des fêtes", "3 rue du Parc")
    assert (row["description"], row["telephone"], row["exact"]) == ("", None, False)


def test_a_commune_of_others_is_refused_and_said_so(someone: Person) -> None:
    begin(someone, ("tap", "Aucun lieu du guide"))
    assert someone.say("Sceaux").text.startswith("Sceaux n'est pas dans votre territoire.")


def test_an_entry_is_found_by_its_name_among_those_one_answers_for(people: People, someone: Person) -> None:
    ours = people.entry(1, nom="La Marmite", adresse="3 rue du Pont")
    people.entry(2, nom="La Marmite", code_insee="92071", commune="Sceaux")
    begin(someone)
    found = someone.say("la marmitte")
    assert found.text == "De quel lieu parlez-vous ?"
    assert someone.labels()[:2] == ["La Marmite, 3 rue du Pont, Nanterre", "Aucun lieu du guide"]
    assert someone.give(("tap", "La Marmite, 3 rue du Pont, Nanterre")).text.startswith("Quel est son titre ?")
    begin(someone, ("tap", "Recommencer"))
    assert someone.say(str(ours)).text.startswith("Quel est son titre ?")
    begin(someone, ("tap", "Recommencer"))
    assert someone.say("Le Fournil").text.startswith("Je ne trouve pas ce lieu parmi les vôtres.")


# ---- what may be there already --------------------------------------------------------------------


def test_likely_duplicates_come_first_and_the_same_one_is_not_added(people: People, someone: Person) -> None:
    a_date(people.engine, paris(12, 12, 15), "Repair café", code_insee="92050")
    a_date(people.engine, paris(12, 12, 15), "Fête du troc", code_insee="92050")
    with time_machine.travel(TUESDAY):
        shown = begin(someone, *NOBODY_S[:7])
        assert shown.text == "Ce rendez-vous est peut-être déjà dans l'agenda."
        assert [card.title for card in shown.cards] == ["Repair café"]
        said = someone.tap("C'est le même")
        assert said.text.startswith("Merci. Il est déjà dans l'agenda : Repair café.")
        assert draft_of(people) is None
        assert someone.tap("Est-il maintenu ?").after == "Maintenu ?"
    assert len(known(people)) == 2


def test_another_one_than_those_that_are_alike_goes_on(people: People, someone: Person) -> None:
    a_date(people.engine, paris(12, 12, 15), "Repair café", code_insee="92050")
    with time_machine.travel(TUESDAY):
        begin(someone, *NOBODY_S[:7])
        assert someone.tap("C'est un autre").text.startswith("Où est-ce ?")
        someone.give(NOBODY_S[7], *SKIPPED, ("tap", LAST))
    assert len(known(people)) == 2


def test_an_event_of_the_same_entry_at_the_same_hour_is_alike_whatever_its_title(
    people: People, organiser: Person, entry: int
) -> None:
    a_date(people.engine, paris(12, 12, 14), "Bricolage", code_insee="92050", initiative_id=entry)
    with time_machine.travel(TUESDAY):
        assert [card.title for card in begin(organiser, *ANSWERS[:6]).cards] == ["Bricolage"]


# ---- later, again, otherwise ----------------------------------------------------------------------


def test_it_is_gone_on_with_days_later_where_it_was(people: People, organiser: Person) -> None:
    with time_machine.travel(TUESDAY):
        begin(organiser, *ANSWERS[:6])
        assert "un rendez-vous que vous annoncez : « repair café de noël »" in organiser.say("mes données").text.lower()
    with time_machine.travel(TUESDAY + timedelta(days=3)):
        asked = organiser.press("annoncer:")
        assert asked.text == (
            "Vous aviez commencé à annoncer « Repair café de Noël », le mardi 24 novembre.\nJ'ai gardé vos réponses."
        )
        assert organiser.tap("Reprendre là où j'en étais").text.startswith("Où est-ce ?")
        organiser.give(*ANSWERS[6:], ("tap", LAST))
    assert len(known(people)) == 1


def test_a_date_that_went_by_meanwhile_is_asked_again(people: People, organiser: Person) -> None:
    with time_machine.travel(TUESDAY):
        begin(organiser, *ANSWERS)
    with time_machine.travel(TUESDAY + timedelta(days=20)):
        assert organiser.press(f"annoncer:oui={draft_of(people)['annonce']['jeton']}").text.startswith(
            "Cette date est passée.\nQuand est-ce ?"
        )
        organiser.give(("say", "samedi 19 décembre 14h"), ("tap", "Oui, c'est ça"), ("tap", LAST))
    assert [row["starts_at"] for row in dates(people)] == [paris(12, 19, 14)]


def test_one_answer_is_changed_and_the_rest_kept(people: People, organiser: Person) -> None:
    with time_machine.travel(TUESDAY):
        begin(organiser, *ANSWERS)
        organiser.give(("tap", "Changer une réponse"), ("tap", "Le titre"))
        shown = organiser.say("Grand repair café")
        assert (shown.text, shown.cards[0].title) == (
            "Voici le rendez-vous, comme tout le monde le verra.",
            "Grand repair café",
        )
        organiser.tap(LAST)
    assert known(people)[0]["nom"] == "Grand repair café"


def test_confirmed_twice_it_is_in_the_agenda_once(people: People, organiser: Person) -> None:
    with time_machine.travel(TUESDAY):
        begin(organiser, *ANSWERS)
        button = next(one.data for one in organiser.buttons() if one.label == LAST)
        organiser.press(button)
        assert organiser.press(button).text == "C'est déjà dans l'agenda. Merci."
    assert len(known(people)) == 1


def test_what_is_further_than_the_agenda_is_kept_for_later_and_said_so(people: People, organiser: Person) -> None:
    with time_machine.travel(TUESDAY):
        begin(organiser, *ANSWERS[:4], ("say", "12 mai 2027 14h"), *ANSWERS[5:], ("tap", LAST))
        assert dates(people) == []
        said = organiser.tap("Voir le rendez-vous")
    assert said.text == "L'agenda le montrera trois mois avant sa date."


# ---- who may --------------------------------------------------------------------------------------


def test_who_lost_the_role_meanwhile_adds_nothing(people: People, organiser: Person) -> None:
    with time_machine.travel(TUESDAY):
        begin(organiser, *ANSWERS)
        button = next(one.data for one in organiser.buttons() if one.label == LAST)
        with people.engine.begin() as connection:
            leave(connection, (CHANNEL, "2002"), TUESDAY)
        organiser.press(button)
    assert known(people) == []


@pytest.mark.parametrize("role", [None, Role.TRAVAILLEUR_SOCIAL])
def test_who_answers_for_nothing_is_told_whom_to_tell(people: People, role: Role | None) -> None:
    person = people.with_a_role("2009", role) if role else people.person("2009")
    reply = person.press("annoncer:")
    assert reply.text.startswith("Merci d'y penser. Les correspondants du guide annoncent les rendez-vous.")
    assert person.labels() == ["Continuer"]


def test_an_organiser_who_may_add_no_place_may_announce(organiser: Person) -> None:
    assert organiser.say("ajouter un lieu").text.startswith("Merci d'y penser.")
    assert organiser.tap("Annoncer un rendez-vous").text.startswith("Quel lieu l'organise ?")


def test_an_organiser_announces_nothing_of_others(people: People, organiser: Person) -> None:
    other = people.entry(2)
    begin(organiser)
    assert "Aucun lieu du guide" not in organiser.labels()
    assert organiser.press(f"lieu:fiche={other}").text.startswith("Ce lieu n'est pas parmi les vôtres.")
    organiser.give(("press", "lieu:aucun"), ("say", "Nanterre"))
    assert organiser.replies[-1].text.startswith("Nanterre n'est pas dans votre territoire.")
    assert organiser.press(f"annoncer:nouveau={other}").text.startswith("Quel lieu l'organise ?")


def test_the_card_of_an_entry_lets_who_answers_for_it_announce(people: People, organiser: Person, entry: int) -> None:
    organiser.press(f"fiche:{entry}")
    assert organiser.tap("Annoncer un rendez-vous").text.startswith("Quel est son titre ?")
    someone_else = people.person("2010")
    someone_else.press(f"fiche:{entry}")
    assert "Annoncer un rendez-vous" not in someone_else.labels()


# ---- what is said of when -------------------------------------------------------------------------

NOON = datetime(2026, 11, 22, 12, tzinfo=PARIS)  # a Sunday
DECEMBER = "2026-12-{0}T{3} 2026-12-{1}T{3} 2026-12-{2}T{3}"


@pytest.mark.parametrize(
    ("said", "starts", "ends", "rule", "until"),
    [
        (WHEN, "2026-12-12T14:00", "17:00", "", ""),
        ("12/12 14h-17h", "2026-12-12T14:00", "17:00", "", ""),
        ("le 12 decembre 2026 à 14 heures", "2026-12-12T14:00", "", "", ""),
        ("demain de 10h à midi", "2026-11-23T10:00", "12:00", "", ""),
        ("12 janvier 14h30", "2027-01-12T14:30", "", "", ""),
        ("dimanche 22 novembre 20h-1h", "2026-11-22T20:00", "01:00", "", ""),
        ("samedi 12 et 19 décembre 14h-17h", "2026-12-12T14:00 2026-12-19T14:00", "17:00", "", ""),
        ("samedi 12 et dimanche 20 décembre 14h", "2026-12-12T14:00 2026-12-20T14:00", "", "", ""),
        ("vendredi 11, samedi 12 et dimanche 13 décembre 9h", DECEMBER.format("11", "12", "13", "09:00"), "", "", ""),
        ("du 12 au 14 décembre 10h-18h", DECEMBER.format("12", "13", "14", "10:00"), "18:00", "", ""),
        ("du samedi 12 au lundi 14 décembre, 10h-18h", DECEMBER.format("12", "13", "14", "10:00"), "18:00", "", ""),
        ("du 31 décembre au 1er janvier 20h", "2026-12-31T20:00 2027-01-01T20:00", "", "", ""),
        ("samedi 12, 13 et lundi 14 décembre 10h", DECEMBER.format("12", "13", "14", "10:00"), "", "", ""),
        ("vendredi et samedi 11 et 12 décembre 10h", "2026-12-11T10:00 2026-12-12T10:00", "", "", ""),
        ("ce samedi 28 et dimanche 29 novembre 14h", "2026-11-28T14:00 2026-11-29T14:00", "", "", ""),
        ("ce samedi à 14 heures", "2026-11-28T14:00", "", "", ""),
        ("ce samedi 14h", "2026-11-28T14:00", "", "", ""),
        ("ce dimanche 14h", "2026-11-22T14:00", "", "", ""),
        ("ce samedi 28 novembre 14h", "2026-11-28T14:00", "", "", ""),
        ("les samedis 12 et 19 décembre 14h", "2026-12-12T14:00 2026-12-19T14:00", "", "", ""),
        ("les mardis jusqu'au 30 juin 9h30", "2026-11-24T09:30", "", "FREQ=WEEKLY;BYDAY=TU", "2027-06-30"),
        ("tous les samedis 10h-12h", "2026-11-28T10:00", "12:00", "FREQ=WEEKLY;BYDAY=SA", ""),
        ("tous les dimanches 10h", "2026-11-29T10:00", "", "FREQ=WEEKLY;BYDAY=SU", ""),
        ("les mardis et jeudis 18h30", "2026-11-24T18:30", "", "FREQ=WEEKLY;BYDAY=TU,TH", ""),
        ("1er et 3e mercredi du mois 14h-16h", "2026-12-02T14:00", "16:00", "FREQ=MONTHLY;BYDAY=1WE,3WE", ""),
        ("le dernier vendredi du mois 20h", "2026-11-27T20:00", "", "FREQ=MONTHLY;BYDAY=-1FR", ""),
        (
            "un mardi sur deux à partir du 1er décembre, 14h",
            "2026-12-01T14:00",
            "",
            "FREQ=WEEKLY;BYDAY=TU;INTERVAL=2",
            "",
        ),
        ("tous les mardis du 5 janvier au 30 juin, 10h", "2027-01-05T10:00", "", "FREQ=WEEKLY;BYDAY=TU", "2027-06-30"),
        (
            "4e samedi du mois sauf juillet et août, 14h",
            "2026-11-28T14:00",
            "",
            "FREQ=MONTHLY;BYDAY=4SA;BYMONTH=1,2,3,4,5,6,9,10,11,12",
            "",
        ),
    ],
)
def test_days_and_hours_in_plain_french_are_read(said: str, starts: str, ends: str, rule: str, until: str) -> None:
    assert spoken(said, NOON) == {"starts": starts.split(), "ends": ends, "rule": rule, "until": until}


@pytest.mark.parametrize(
    "said",
    [
        "",
        "bonjour",
        "samedi prochain 14h",
        "samedi 12 à 14h",
        "mardi 10 à 12h",
        "12 décembre",
        "tous les mercredis",
        "mercredi 15h",
        "aujourd'hui 9h",
        "31 avril 14h",
        "13/13 14h",
        "12 décembre 2031 14h",
        "12 novembre 14h",
        "du 12 au 30 décembre 10h-18h",
        "du 14 au 12 décembre 10h-18h",
        "du samedi 12 au dimanche 14 décembre 10h-18h",
        "du 12 au 14 et du 19 au 20 décembre 10h",
        "les samedis 12 et 20 décembre 10h",
        "un mardi sur deux, lundi 1er décembre 14h",
        "ce samedi 29 novembre 14h",
        "ce samedi",
        "samedi 12 décembre 8h le soir",
        "samedi 12 décembre 17h-14h",
        "samedi 12 décembre 9h-12h et 14h-17h",
        "samedi 12 et dimanche 19 décembre 14h",
        "un mardi sur deux 14h",
        "tous les quinze jours 14h",
        "tous les samedis 12 décembre 14h",
        "12 décembre 14h " * 20,
    ],
)
def test_what_may_mean_something_else_is_refused(said: str) -> None:
    with pytest.raises(Refused):
        spoken(said, NOON)


@given(st.integers(1, 720 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes)))
def test_any_day_and_hour_to_come_is_read_as_it_is_said(at: datetime) -> None:
    said = f"{words.weekday(at)} {words.day_and_month(at)} {at.year} à {words.clock(at)}"
    assert spoken(said, NOON)["starts"] == [f"{at:%Y-%m-%dT%H:%M}"]


def test_of_a_day_that_may_be_one_or_another_both_are_said() -> None:
    with pytest.raises(Refused, match=r"^Le 28 novembre, ou le 5 décembre \?"):
        spoken("samedi prochain 14h", NOON)
    with pytest.raises(Refused, match=r"^Le 29 novembre, ou le 6 décembre \?"):
        spoken("dimanche prochain à 10h", NOON)


_SAID = (
    f"{WHEN} tous les mardis 1er 3e du mois sauf août , et au jusqu'au 30 juin 12/12 9-12h un sur deux 2027 "
    "ce samedi prochain du au 14"
)


@given(st.text(max_size=60) | st.lists(st.sampled_from(_SAID.split()), max_size=9).map(" ".join))
def test_whatever_is_said_is_a_day_to_come_or_is_refused(said: str) -> None:
    try:
        found = spoken(said, NOON)
    except Refused:
        return
    assert all(datetime.fromisoformat(start).replace(tzinfo=PARIS) > NOON for start in found["starts"])
    assert found["starts"]


def test_how_to_ask_may_be_a_number_an_address_a_site_or_several() -> None:
    assert reached("01.47.29.50.50 ou a@exemple.fr") == {"telephone": "01 47 29 50 50", "courriel": "a@exemple.fr"}
    assert reached("www.exemple.fr") == {"site_web": "https://www.exemple.fr"}
    with pytest.raises(Refused):
        reached("exemple")
