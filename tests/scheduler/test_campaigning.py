"""The one question of a campaign: the right person is asked, not too often, and what they say is what is counted."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, insert, select, update

from catalogue import campaigns
from catalogue.campaigns import answer
from catalogue.database import reading, writing
from catalogue.needs import CampaignAnswer, Kind, Role
from catalogue.roles import held_by, leave, revoke
from catalogue.tables import campaign_answers, initiatives, outbox, roles
from scheduler.campaigning import SILENCE, WEEKLY, ask
from tests.people import CHANNEL, COMPOSERS, People
from tests.scheduler.telling import letters, paris

TUESDAY = paris(11, 24, 10)
A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
QUESTION = "Avez-vous une salle fraîche cet été ?"
FIRST, SECOND, THIRD = "301", "302", "303"
OUI, NON, NE_SAIS_PAS = CampaignAnswer


@pytest.fixture
def people(engine: Engine) -> Iterator[People]:
    """Those who talk to the guide, one Tuesday at ten."""
    with time_machine.travel(TUESDAY, tick=False):
        yield People(engine)


def start(people: People, *codes: str, kinds: tuple[Kind, ...] = (), days: int = 30) -> int:
    ends_on = TUESDAY.date() + timedelta(days=days)
    with writing(people.engine) as connection:
        return campaigns.start(connection, QUESTION, codes or ("92050",), kinds, ends_on, Role.COORDINATEUR, TUESDAY)


def asked(people: People, now: datetime = TUESDAY) -> list[tuple[str, int]]:
    """Who is asked by a tick, and of which entry."""
    before = rows(people.engine)
    with writing(people.engine) as connection:
        number = ask(connection, now, COMPOSERS)
        people_of = {row.id: row.person for row in connection.execute(select(roles))}
    new = [row for row in rows(people.engine) if row not in before]
    assert number == len(new)
    return sorted((people_of[row.role_id], row.initiative_id) for row in new)


def rows(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(campaign_answers)))


def said(people: People, person: str, campaign: int, entry: int, what: CampaignAnswer, now: datetime = TUESDAY) -> bool:
    with writing(people.engine) as connection:
        return answer(connection, (CHANNEL, person), campaign, entry, what, now)


def answers(people: People) -> dict[int, str | None]:
    return {row.initiative_id: row.answer for row in rows(people.engine)}


def button(campaign: int, entry: int, said_: str) -> str:
    return f"campagne:{campaign}.{entry}={said_}"


# Who is asked.


def test_the_correspondent_of_the_commune_gets_one_message_with_the_first_entry(people: People) -> None:
    first, second = people.entry(1, adresse="3 rue des Roses", telephone="01 47 00 00 00"), people.entry(2)
    people.entry(3, code_insee="92071", commune="Sceaux")
    someone = people.with_a_role(FIRST, Role.CORRESPONDANT)
    people.with_a_role(SECOND, Role.CORRESPONDANT, ["92071"])
    start(people)
    assert asked(people) == [(FIRST, first), (FIRST, second)]
    [reply] = someone.received()
    assert reply.text == "Une question sur 2 lieux dont vous vous occupez. Un lieu à la fois."
    assert (reply.cards[0].title, reply.after) == ("Lieu 1", QUESTION)
    assert reply.cards[0].lines == ("3 rue des Roses, 92000 Nanterre", "Téléphone : 01 47 00 00 00")
    assert someone.labels() == ["Oui", "Non", "Je ne sais pas", "Détails"]
    assert asked(people) == []


def test_who_runs_an_entry_is_asked_first_and_of_all_of_theirs(people: People) -> None:
    theirs = [people.entry(number) for number in range(1, 6)]
    other = people.entry(6)
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    people.with_a_role(SECOND, Role.ORGANISATEUR, (), initiatives=theirs)
    people.with_a_role(THIRD, Role.ORGANISATEUR, (), initiatives=theirs[:2])
    start(people)
    assert asked(people) == [(FIRST, other), *((SECOND, id_) for id_ in theirs)]


def test_nobody_is_asked_more_than_three_times_a_week_nor_than_they_wish(people: People) -> None:
    entries = [people.entry(number) for number in range(1, 9)]
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    people.with_a_role(SECOND, Role.CORRESPONDANT, ["92"])
    with writing(people.engine) as connection:
        connection.execute(update(roles).where(roles.c.person == SECOND).values(weekly_budget=1))
    start(people)
    start(people, "92")
    assert [person for person, _ in asked(people)] == [FIRST] * WEEKLY + [SECOND]
    assert asked(people, TUESDAY + A_WEEK - A_DAY) == []
    assert [person for person, _ in asked(people, TUESDAY + A_WEEK)] == [FIRST] * WEEKLY + [SECOND]
    assert {row.initiative_id for row in rows(people.engine)} == set(entries)


def test_questions_are_spread_over_those_who_look_after_a_commune(people: People) -> None:
    for number in range(4):
        people.entry(number)
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    people.with_a_role(SECOND, Role.CORRESPONDANT)
    start(people)
    assert [person for person, _ in asked(people)] == [FIRST, FIRST, SECOND, SECOND]


def test_only_the_kinds_of_a_campaign_and_of_a_role_are_asked_about(people: People) -> None:
    library = people.entry(1, kind="bibliotheque")
    centre = people.entry(2, kind="centre-social")
    people.entry(3)
    people.with_a_role(FIRST, Role.CORRESPONDANT, kinds=[Kind.CENTRE_SOCIAL])
    start(people, kinds=(Kind.BIBLIOTHEQUE, Kind.CENTRE_SOCIAL))
    assert asked(people) == [(FIRST, centre)]
    people.with_a_role(SECOND, Role.CORRESPONDANT)
    assert asked(people) == [(SECOND, library)]


def test_what_is_closed_the_same_as_another_or_of_no_commune_here_is_not_asked_about(people: People) -> None:
    kept = people.entry(1)
    people.entry(2, status="closed")
    people.entry(3, merged_into=kept)
    people.entry(4, code_insee="75101", departement="75")
    of_the_department = people.entry(5, code_insee=None, commune=None, reach="departemental")
    people.with_a_role(FIRST, Role.CORRESPONDANT, ["92", "75"])
    start(people, "92")
    assert asked(people) == [(FIRST, kept), (FIRST, of_the_department)]


def test_social_workers_coordinators_and_who_is_away_are_not_asked(people: People) -> None:
    people.entry(1)
    people.with_a_role(FIRST, Role.TRAVAILLEUR_SOCIAL)
    people.with_a_role(SECOND, Role.COORDINATEUR)
    people.with_a_role(THIRD, Role.CORRESPONDANT)
    with writing(people.engine) as connection:
        away = update(roles).where(roles.c.person == THIRD).values(paused_until=TUESDAY.date() + A_DAY)
        connection.execute(away)
    start(people)
    assert asked(people, TUESDAY + A_DAY) == []
    assert [person for person, _ in asked(people, TUESDAY + 2 * A_DAY)] == [THIRD]


def test_nobody_is_asked_at_night_nor_once_it_is_over(people: People) -> None:
    people.entry(1)
    run = people.entry(2)
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    people.with_a_role(SECOND, Role.ORGANISATEUR, (), initiatives=[run])
    start(people, days=1)
    assert asked(people, paris(11, 24, 21)) == []
    assert asked(people, paris(11, 26, 10)) == []
    assert len(asked(people, paris(11, 25, 20))) == 2
    assert {row.expires_at for row in letters(people.engine)} == {paris(11, 26)}


def test_after_ten_days_of_silence_another_correspondent_is_asked_once(people: People) -> None:
    entry = people.entry(1)
    for number in (FIRST, SECOND, THIRD):
        people.with_a_role(number, Role.CORRESPONDANT)
    start(people, days=60)
    assert asked(people) == [(FIRST, entry)]
    assert asked(people, TUESDAY + SILENCE - timedelta(minutes=1)) == []
    assert asked(people, TUESDAY + SILENCE) == [(SECOND, entry)]
    assert asked(people, TUESDAY + 2 * SILENCE) == []
    assert len(rows(people.engine)) == 1
    with reading(people.engine) as connection:
        one = campaigns.numbered(connection, 1)
        assert one
        [result] = campaigns.results(connection, one)
    assert (result.asked, result.answer) == (True, None)


def test_the_silence_of_an_organiser_is_passed_on_but_not_to_themselves(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.ORGANISATEUR, (), initiatives=[entry])
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    start(people)
    assert asked(people) == [(FIRST, entry)]
    assert asked(people, TUESDAY + SILENCE) == []
    people.with_a_role(SECOND, Role.CORRESPONDANT)
    assert asked(people, TUESDAY + SILENCE) == [(SECOND, entry)]


def test_what_was_put_to_who_left_is_passed_on_too(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    start(people)
    asked(people)
    with writing(people.engine) as connection:
        leave(connection, (CHANNEL, FIRST), TUESDAY)
    people.with_a_role(SECOND, Role.CORRESPONDANT)
    assert asked(people, TUESDAY + SILENCE) == [(SECOND, entry)]


def test_who_answers_is_asked_no_more_and_the_answer_may_be_changed_until_the_end(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    people.with_a_role(SECOND, Role.CORRESPONDANT)
    campaign = start(people)
    asked(people)
    for what in (OUI, NE_SAIS_PAS, NON):
        assert said(people, FIRST, campaign, entry, what)
        assert answers(people) == {entry: what.value}
    assert asked(people, TUESDAY + SILENCE) == []
    assert said(people, FIRST, campaign, entry, OUI, TUESDAY + timedelta(days=30))
    assert not said(people, FIRST, campaign, entry, NON, TUESDAY + timedelta(days=31))
    assert answers(people) == {entry: "oui"}


# What a tap does.


def test_entries_come_one_at_a_time_as_answers_come(people: People) -> None:
    entries = [people.entry(number) for number in range(1, 4)]
    someone = people.with_a_role(FIRST, Role.CORRESPONDANT)
    start(people)
    asked(people)
    someone.received()
    reply = someone.tap("Oui")
    assert (reply.text, reply.cards[0].title) == ("Merci, c'est noté pour Lieu 1 : « Oui ».", "Lieu 2")
    assert someone.labels() == ["Oui", "Non", "Je ne sais pas", "Changer ma réponse", "Continuer", "Détails"]
    assert someone.tap("Non").cards[0].title == "Lieu 3"
    last = someone.tap("Je ne sais pas")
    assert (last.text, last.cards) == ("Merci, c'est noté pour Lieu 3 : « Je ne sais pas ».", ())
    assert someone.labels() == ["Changer ma réponse", "Continuer"]
    assert answers(people) == dict(zip(entries, ("oui", "non", "ne-sais-pas"), strict=True))
    again = someone.tap("Changer ma réponse")
    assert (again.cards[0].title, again.after) == ("Lieu 3", QUESTION)
    someone.tap("Oui")
    assert answers(people)[entries[2]] == "oui"


def test_going_on_finds_again_what_the_person_was_doing(people: People) -> None:
    people.entry(1)
    someone = people.with_a_role(FIRST, Role.CORRESPONDANT)
    someone.start()
    someone.tap("Manger")
    start(people)
    asked(people)
    someone.received()
    someone.tap("Non")
    assert "Où" in someone.tap("Continuer").text


def test_an_answer_repeated_is_written_once_and_harms_nothing(people: People) -> None:
    entry = people.entry(1)
    someone = people.with_a_role(FIRST, Role.CORRESPONDANT)
    campaign = start(people)
    asked(people)
    for _ in range(3):
        assert someone.press(button(campaign, entry, "oui")).text == "Merci, c'est noté pour Lieu 1 : « Oui »."
    assert answers(people) == {entry: "oui"}


def test_who_is_not_concerned_is_told_so_and_nothing_is_written(people: People) -> None:
    entry, elsewhere = people.entry(1), people.entry(2, code_insee="92071", commune="Sceaux")
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    strangers = [
        people.person("400"),
        people.with_a_role("401", Role.CORRESPONDANT, ["92071"]),
        people.with_a_role("402", Role.TRAVAILLEUR_SOCIAL),
        people.with_a_role("403", Role.ORGANISATEUR, (), initiatives=[elsewhere]),
        people.with_a_role("404", Role.COORDINATEUR, ["92071"]),
    ]
    campaign = start(people)
    asked(people)
    for person in strangers:
        for what in CampaignAnswer:
            reply = person.press(button(campaign, entry, what.value))
            assert reply.text == "Ce n'est plus à vous de répondre à cette question. Merci quand même."
            assert "Continuer" in person.labels()
            assert not said(people, person.number, campaign, entry, what)
    assert answers(people) == {entry: None}


@pytest.mark.parametrize(
    "value",
    ["", "=", "oui", "1", "1.1", "1.1=oui", "1.-1=oui", "9.1=oui", "1.9=oui", ".=oui", "1.1.1=oui", "²." + "9" * 50],
)
def test_what_nobody_was_asked_is_not_answered_whatever_the_button_says(people: People, value: str) -> None:
    people.entry(1)
    someone = people.with_a_role(FIRST, Role.CORRESPONDANT)
    start(people)
    assert "Ce n'est plus à vous" in someone.press(f"campagne:{value}").text
    assert rows(people.engine) == []


def test_an_unknown_answer_puts_the_question_again(people: People) -> None:
    entry = people.entry(1)
    someone = people.with_a_role(FIRST, Role.CORRESPONDANT)
    campaign = start(people)
    asked(people)
    assert someone.press(button(campaign, entry, "peut-etre")).after == QUESTION
    assert answers(people) == {entry: None}


def test_a_role_that_was_taken_away_answers_nothing_more(people: People) -> None:
    entry = people.entry(1)
    someone = people.with_a_role(FIRST, Role.CORRESPONDANT)
    campaign = start(people)
    asked(people)
    someone.received()
    with writing(people.engine) as connection:
        [mandate] = held_by(connection, (CHANNEL, FIRST))
        revoke(connection, mandate.id, Role.COORDINATEUR, TUESDAY)
    assert "Ce n'est plus à vous" in someone.tap("Oui").text
    assert not said(people, FIRST, campaign, entry, OUI)
    assert answers(people) == {entry: None}


def test_a_campaign_that_is_over_is_said_so(people: People) -> None:
    entry = people.entry(1)
    someone = people.with_a_role(FIRST, Role.CORRESPONDANT)
    campaign = start(people, days=1)
    asked(people)
    with time_machine.travel(TUESDAY + 2 * A_DAY, tick=False):
        reply = someone.press(button(campaign, entry, "oui"))
    assert reply.text == "Cette question est finie : Lieu 1. Merci quand même."
    assert answers(people) == {entry: None}


def test_a_place_that_moved_or_closed_is_no_longer_theirs_to_answer_for(people: People) -> None:
    first, second, third = (people.entry(number) for number in range(1, 4))
    someone = people.with_a_role(FIRST, Role.CORRESPONDANT)
    campaign = start(people)
    asked(people)
    with writing(people.engine) as connection:
        for id_, values in ((first, {"status": "closed"}), (second, {"code_insee": "92071"})):
            connection.execute(update(initiatives).where(initiatives.c.id == id_).values(values))
    for id_ in (first, second):
        reply = someone.press(button(campaign, id_, "oui"))
        assert "Ce n'est plus à vous" in reply.text
        assert reply.cards[0].title == "Lieu 3"
    assert answers(people) == {first: None, second: None, third: None}


def test_a_coordinator_and_who_runs_the_entry_may_answer_too(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    campaign = start(people)
    asked(people)
    people.with_a_role(SECOND, Role.COORDINATEUR)
    people.with_a_role(THIRD, Role.ORGANISATEUR, (), initiatives=[entry])
    assert said(people, SECOND, campaign, entry, OUI)
    assert said(people, THIRD, campaign, entry, NON)
    assert answers(people) == {entry: "non"}


def test_a_campaign_of_a_whole_department_reaches_those_of_its_communes(people: People) -> None:
    entry = people.entry(1)
    people.with_a_role(FIRST, Role.CORRESPONDANT)
    start(people, "92")
    start(people, "75")
    assert asked(people) == [(FIRST, entry)]
    with reading(people.engine) as connection:
        assert len(connection.execute(select(outbox)).all()) == 1


def test_campaigns_and_roles_of_intercommunalities_meet_by_their_communes(people: People) -> None:
    sceaux = people.entry(1, code_insee="92071", commune="Sceaux")
    nanterre = people.entry(2)
    people.with_a_role(FIRST, Role.CORRESPONDANT, ("200057966",))  # Vallée Sud-Grand Paris
    people.with_a_role(SECOND, Role.CORRESPONDANT, ("92050",))
    with_unknown = start(people, "200057966", "200099999")
    assert asked(people) == [(FIRST, sceaux)]
    with writing(people.engine) as connection:
        assert campaigns.counted(connection, ("200054781",), ()) == (2, 2)
        one = campaigns.numbered(connection, with_unknown)
        assert one is not None
        assert [result.id for result in campaigns.results(connection, one)] == [sceaux]
    start(people, "92")
    assert asked(people) == [(FIRST, sceaux), (SECOND, nanterre)]


def test_a_role_on_a_channel_that_cannot_be_written_to_is_not_asked(people: People) -> None:
    entry = people.entry(1)
    row = {"role": "correspondant", "since": TUESDAY, "kinds": [], "weekly_budget": 5, "weekday": 1, "hour": 10}
    with writing(people.engine) as connection:
        connection.execute(insert(roles).values(row | {"channel": "web", "person": "1"}))
        connection.execute(
            insert(roles).values(row | {"channel": "web", "person": "2", "role": Role.ORGANISATEUR.value})
        )
    start(people)
    assert asked(people) == []
    assert entry
