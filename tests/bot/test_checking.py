"""« Toujours vrai ? » and « Mes questions », as those who are asked meet them: the true turn, on the true database."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, select

from catalogue import views
from catalogue.database import reading, writing
from catalogue.needs import Role
from catalogue.roles import leave
from catalogue.tables import checks, roles
from scheduler.verification import ask, break_silence
from scheduler.watching import tell_watchers, watch
from tests.people import CHANNEL, COMPOSERS, People, Person
from tests.scheduler.telling import paris

BEFORE = paris(11, 22, 12)
TUESDAY = paris(11, 24, 10)
NUMBER, ANOTHER = "2001", "2002"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(BEFORE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def people(engine: Engine, clock: time_machine.Traveller) -> People:
    return People(engine)


@pytest.fixture
def asked(people: People, clock: time_machine.Traveller) -> Person:
    """A correspondent who is put two questions on Tuesday at ten."""
    people.entry(1, nom="Épicerie des Groues", telephone="01 99 00 12 34", horaires_osm="Mo,Th 09:00-12:00")
    people.entry(2, nom="La Cuisine du Parc", adresse="3 rue des Roses")
    someone = people.with_a_role(NUMBER, Role.CORRESPONDANT)
    assert round_of(people, clock, TUESDAY) == 1
    someone.received()
    return someone


def round_of(people: People, clock: time_machine.Traveller, now: datetime) -> int:
    clock.move_to(now)
    with writing(people.engine) as connection:
        return ask(connection, now, COMPOSERS) + break_silence(connection, now, COMPOSERS)


def answers(people: People) -> list[tuple[str | None, str | None]]:
    with reading(people.engine) as connection:
        rows = connection.execute(select(checks.c.answer, checks.c.method).order_by(checks.c.id))
        return [(answer, method) for answer, method in rows]


def arranged(people: People) -> tuple[Any, ...]:
    columns = roles.c.weekly_budget, roles.c.weekday, roles.c.hour, roles.c.paused_until
    with reading(people.engine) as connection:
        return tuple(connection.execute(select(*columns)).one())


def test_a_week_begins_with_how_many_questions_and_the_fields_of_the_first_entry(asked: Person) -> None:
    (letter,) = asked.replies
    (card,) = letter.cards
    assert letter.text == "Cette semaine, 2 fiches à vérifier."
    assert card.title == "Épicerie des Groues"
    assert card.lines == (
        "Épicerie solidaire",
        "On y mange ensemble.",
        "92000 Nanterre",
        "Horaires : lundi 9 h-12 h ; jeudi 9 h-12 h",
        "Téléphone : 01 99 00 12 34",
    )
    assert card.note == "Pas encore confirmé : appelez avant d'y aller."
    assert letter.after == "Toujours vrai ?"
    verdicts = [tuple(choice.label for choice in row) for row in letter.choices]
    assert verdicts == [("Oui", "Corriger"), ("Fermé", "Je ne sais pas"), ("Plus tard", "Pas pour moi")]


def test_a_yes_is_asked_how_and_is_followed_by_the_next_question_then_by_thanks(people: People, asked: Person) -> None:
    how = asked.tap("Oui")
    assert how.text == "Épicerie des Groues : comment l'avez-vous vérifié ?"
    following = asked.tap("Par téléphone")
    assert following.text == ("Merci. C'est noté : Épicerie des Groues, confirmé par téléphone.\nEncore 1 question.")
    assert following.cards[0].title == "La Cuisine du Parc"
    asked.tap("Oui")
    last = asked.tap("Je le sais déjà")
    assert last.text.endswith("C'est tout pour le moment. Merci pour ce que vous faites.")
    assert asked.labels() == ["Mes questions", "Continuer"]
    assert answers(people) == [("oui", "telephone"), ("oui", "bot")]
    assert people.column(1, "verified_at") == TUESDAY.date()


def test_a_correspondent_reads_how_many_opened_the_card_since_their_verification(
    people: People, asked: Person, clock: time_machine.Traveller
) -> None:
    asked.tap("Oui")
    asked.tap("Sur place")
    opened(people, 1, TUESDAY + timedelta(days=3), 12)
    opened(people, 2, TUESDAY + timedelta(days=3), 10)
    asked.press("mesquestions:")
    asked.tap("Oui")
    asked.tap("Sur place")
    round_of(people, clock, TUESDAY + timedelta(weeks=5))
    asked.received()
    asked.tap("Oui")
    first = asked.tap("Sur place")
    assert "12 personnes ont ouvert cette fiche depuis votre vérification." in first.text
    asked.tap("Oui")
    assert "personnes" not in asked.tap("Sur place").text


def test_the_verification_of_somebody_else_is_not_said_to_be_theirs(
    people: People, clock: time_machine.Traveller
) -> None:
    people.entry(1, verified_at=BEFORE.date() - timedelta(days=60), verified_method="visite")
    people.entry(2, verified_at=BEFORE.date() - timedelta(days=50), verified_method="import")
    for number in (1, 2):
        opened(people, number, BEFORE - timedelta(days=10), 11)
    someone = people.with_a_role(NUMBER, Role.CORRESPONDANT)
    round_of(people, clock, TUESDAY)
    someone.received()
    someone.tap("Oui")
    assert "11 personnes ont ouvert cette fiche depuis la dernière vérification." in someone.tap("Sur place").text
    someone.tap("Oui")
    assert "personnes" not in someone.tap("Sur place").text


def opened(people: People, initiative_id: int, at: datetime, count: int) -> None:
    with writing(people.engine) as connection:
        for _ in range(count):
            views.add_one(connection, initiative_id, at.date())


def test_closing_takes_a_second_tap_and_can_be_taken_back_before_who_watches_is_told(
    people: People, asked: Person
) -> None:
    with writing(people.engine) as connection:
        watch(connection, (CHANNEL, ANOTHER), 1)
    sure = asked.tap("Fermé")
    assert sure.text.startswith("Épicerie des Groues : c'est fermé pour de bon ?")
    assert answers(people)[0] == (None, None)
    following = asked.tap("Oui, c'est fermé")
    assert following.cards[0].title == "La Cuisine du Parc"
    assert people.column(1, "status") == "closed"
    with writing(people.engine) as connection:
        assert tell_watchers(connection, TUESDAY, COMPOSERS) == 0, "it may still be taken back"
    again = asked.tap("C'était une erreur")
    assert again.text == "C'est rétabli : Épicerie des Groues est de nouveau montré."
    assert people.column(1, "status") == "active"
    asked.tap("Oui")
    asked.tap("Sur place")
    assert answers(people)[0] == ("oui", "visite")


def test_a_mistake_cannot_be_taken_back_after_an_hour(
    people: People, asked: Person, clock: time_machine.Traveller
) -> None:
    asked.tap("Fermé")
    asked.tap("Oui, c'est fermé")
    mistake = next(one.data for one in asked.buttons() if one.label == "C'était une erreur")
    clock.move_to(TUESDAY + timedelta(minutes=61))
    assert asked.press(mistake).text == "Cette question n'attend plus votre réponse. Merci quand même."
    assert people.column(1, "status") == "closed"


def test_one_may_not_know_put_off_or_refuse(people: People, asked: Person) -> None:
    assert asked.tap("Plus tard").text.startswith("C'est noté. Je vous la pose de nouveau dans deux jours.")
    assert asked.replies[-1].cards[0].title == "La Cuisine du Parc"
    last = asked.tap("Pas pour moi")
    assert last.text.startswith("C'est noté. Je ne vous demanderai plus rien sur cette fiche.")
    assert answers(people) == [(None, None), ("pas-pour-moi", None)]
    asked.press(f"verifier:{first_check(people)}=ne-sais-pas")
    assert answers(people)[0] == ("ne-sais-pas", None)


def first_check(people: People) -> int:
    with reading(people.engine) as connection:
        return int(connection.scalars(select(checks.c.id).order_by(checks.c.id)).all()[0])


def test_correcting_carries_the_entry_and_the_question(people: People, asked: Person) -> None:
    correct = next(one.data for one in asked.buttons() if one.label == "Corriger")
    assert correct == f"corriger:1={first_check(people)}"


def test_one_may_look_at_the_question_again_before_saying_how(asked: Person) -> None:
    asked.tap("Oui")
    assert asked.tap("Revoir la question").after == "Toujours vrai ?"
    asked.tap("Fermé")
    assert asked.tap("Revoir la question").after == "Toujours vrai ?"


FORGED = (
    "verifier:",
    "verifier:x=oui",
    "verifier:{check}",
    "verifier:{check}=import",
    "verifier:{check}=corriger",
    "verifier:{check}=erreur",
    "verifier:{check}=OUI",
    "verifier:999999=ferme-oui",
    "verifier:99999999999999999999999=ferme-oui",
    "verifier:-1=ferme-oui",
)
WRITING = ("visite", "ferme-oui", "ne-sais-pas", "plus-tard", "pas-pour-moi", "erreur", "oui", "ferme", "")


def test_forged_buttons_write_nothing(people: People, asked: Person) -> None:
    for data in FORGED:
        reply = asked.press(data.format(check=first_check(people)))
        assert reply.choices
    assert answers(people) == [(None, None), (None, None)]
    assert people.column(1, "status") == "active"


@pytest.mark.parametrize("role", [None, *Role])
def test_whoever_it_was_not_put_to_can_answer_nothing(people: People, asked: Person, role: Role | None) -> None:
    another = people.with_a_role(ANOTHER, role, initiatives=(1,)) if role else people.person(ANOTHER)
    for said in WRITING:
        reply = another.press(f"verifier:{first_check(people)}={said}")
        assert reply.text == "Cette question n'attend plus votre réponse. Merci quand même."
        assert another.labels() == ["Continuer"]
    assert answers(people) == [(None, None), (None, None)]
    assert people.column(1, "status") == "active"


def test_buttons_tapped_again_or_after_the_role_was_given_back_write_nothing(people: People, asked: Person) -> None:
    asked.tap("Oui")
    by_visit = next(one.data for one in asked.buttons() if one.label == "Sur place")
    asked.press(by_visit)
    assert asked.press(by_visit).text.startswith("Cette question n'attend plus votre réponse.")
    assert asked.labels() == ["Mes questions", "Continuer"]
    with writing(people.engine) as connection:
        leave(connection, (CHANNEL, NUMBER), TUESDAY)
    for said in WRITING:
        asked.press(f"verifier:{first_check(people) + 1}={said}")
    assert answers(people) == [("oui", "visite"), (None, None)]
    assert people.column(2, "status") == "active"


def test_silence_is_broken_with_one_message_for_all_that_waits(
    people: People, asked: Person, clock: time_machine.Traveller
) -> None:
    assert round_of(people, clock, TUESDAY + timedelta(weeks=1)) == 1
    (letter,) = asked.received()
    assert letter.text == "2 questions attendent votre réponse."
    asked.tap("Oui")
    assert asked.tap("Par courriel").text.endswith("Encore 1 question.")


def test_the_coordinator_is_asked_what_nobody_else_could_answer(
    people: People, asked: Person, clock: time_machine.Traveller
) -> None:
    coordinator = people.with_a_role(ANOTHER, Role.COORDINATEUR, ("92",))
    asked.tap("Je ne sais pas")
    asked.tap("Je ne sais pas")
    round_of(people, clock, TUESDAY + timedelta(minutes=5))
    (letter,) = coordinator.received()
    assert letter.text == "2 questions de plus : personne n'a encore pu y répondre."
    coordinator.tap("Oui")
    coordinator.tap("Par téléphone")
    assert people.column(1, "verified_role") == "coordinateur"
    assert coordinator.say("mes questions").cards[0].title == "La Cuisine du Parc"


def test_my_questions_are_changed_by_taps(people: People) -> None:
    someone = people.with_a_role(NUMBER, Role.CORRESPONDANT)
    shown = someone.say("mes questions")
    assert shown.text == "Vos questions : 5 questions par semaine, le mardi à 10 h."
    someone.tap("Moins")
    assert someone.tap("Moins").text == "C'est noté.\nVos questions : 3 questions par semaine, le mardi à 10 h."
    someone.tap("Un autre jour")
    someone.tap("Jeudi")
    someone.tap("Une autre heure")
    assert someone.tap("18 h").text.endswith("3 questions par semaine, le jeudi à 18 h.")
    someone.tap("Faire une pause")
    paused = someone.tap("Deux semaines")
    assert paused.text.endswith("le jeudi à 18 h ; en pause jusqu'au dimanche 6 décembre.")
    assert arranged(people) == (3, 3, 18, BEFORE.date() + timedelta(days=14))
    someone.tap("Reprendre")
    assert arranged(people) == (3, 3, 18, None)


def test_questions_are_never_fewer_than_one_nor_more_than_ten(people: People) -> None:
    someone = people.with_a_role(NUMBER, Role.CORRESPONDANT)
    someone.press("mesquestions:")
    for _ in range(5):
        someone.tap("Plus")
    assert "Plus" not in someone.labels()
    for _ in range(9):
        someone.tap("Moins")
    assert "Moins" not in someone.labels()
    assert arranged(people)[0] == 1


def test_what_cannot_be_is_refused_and_another_s_rounds_are_left_alone(people: People) -> None:
    someone = people.with_a_role(NUMBER, Role.CORRESPONDANT)
    with reading(people.engine) as connection:
        role_id = connection.scalars(select(roles.c.id)).one()
    before = arranged(people)
    for said in ("n0", "n11", "n-1", "n²", "j7", "h7", "h21", "p15", "p999", "x", "n", "n0001", ""):
        assert someone.press(f"mesquestions:{role_id}={said}").choices
    another = people.person(ANOTHER)
    for said in ("n3", "j3", "h9", "p14", "p0", "jour", "heure", "pause"):
        assert "invitation" in another.press(f"mesquestions:{role_id}={said}").text
        someone.press(f"mesquestions:{role_id + 1}={said}")
    assert arranged(people) == before


def test_my_questions_show_the_one_that_waits(asked: Person) -> None:
    asked.say("mes questions")
    settings, question = asked.replies
    assert settings.text.startswith("Vos questions : 5 questions par semaine")
    assert question.text == "2 questions attendent votre réponse."
    assert question.after == "Toujours vrai ?"


def test_who_has_no_role_is_told_what_it_is_with_a_way_on(people: People) -> None:
    someone = people.person(NUMBER)
    assert "On le devient par une invitation." in someone.say("mes questions").text
    assert someone.labels() == ["Chercher un lieu, une aide", "Continuer"]


def test_a_coordinator_who_is_asked_nothing_is_told_what_they_may_be_asked(people: People) -> None:
    someone = people.with_a_role(NUMBER, Role.COORDINATEUR, ("92",))
    assert someone.say("mes questions").text.startswith("Rien n'attend votre réponse.")
    assert someone.labels() == ["Continuer"]
