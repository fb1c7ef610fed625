"""A terminal says plainly that it neither sends nor shows a photo."""

from datetime import UTC, datetime

from sqlalchemy import select

from bot.channels.terminal import CHANNEL, Terminal
from bot.inbox import Arrival
from bot.runner import Runner
from catalogue.database import writing
from catalogue.entries import Mandate
from catalogue.needs import Role
from catalogue.photos import receive
from catalogue.pictures import Picture
from catalogue.roles import accept, invite, new_secret
from catalogue.tables import initiatives
from handlers.dialogue import Event, Gesture


def test_a_terminal_says_that_it_neither_sends_nor_shows_a_photo(runner: Runner) -> None:
    terminal, now, secret = Terminal(runner, numbered=False), datetime.now(UTC), new_secret()
    with writing(runner.engine) as connection:
        invite(connection, Mandate(0, Role.CORRESPONDANT, ("92050",), ()), secret, Role.COORDINATEUR, now)
        assert accept(connection, (CHANNEL, terminal._person), secret, now)
        entry = connection.scalars(select(initiatives.c.id).where(initiatives.c.nom == "Mon Épicerie")).one()
        number = receive(connection, Picture(b"jpeg", 1, 1), now)
    terminal.answer(f"/start f{entry}")
    terminal.answer("[Corriger]")
    asked = terminal.answer("[Photographier l'affiche]")
    assert "(un terminal n'envoie pas d'image : passez par Telegram ou par le site)" in asked
    assert "[Annuler]" in asked
    event = Event(Gesture.RECEIVED, str(number))
    runner.turn(Arrival(CHANNEL, "ailleurs", terminal._person, event, {}))
    assert "ne montre pas d'image" in "\n".join(terminal._shown(reply) for reply in terminal._latest())
