"""The `bonne-porte` command line. Errors are one clear line on stderr, and a non-zero exit."""

import asyncio
import gc
import json
import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands import COMMANDS
from bot.console import Trouble, chosen_settings, opened, telegram_name
from bot.settings import CannotStart, Settings, shown

if TYPE_CHECKING:
    from catalogue.places import Place

STARTING = "/start"


@click.group(help="La Bonne Porte : trouver, près de chez soi, l'initiative qui répond à ce qu'il faut.")
def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # These write addresses, and Telegram's carry the token.
    for chatty in ("httpx", "httpcore", "apscheduler", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


@main.command(help="Démarre le chat web et, si TELEGRAM_TOKEN est donné, le bot Telegram.")
def run() -> None:
    from bot.app import conversation, listen, serve

    chosen = chosen_settings()
    try:
        listening = listen(chosen)
        runner = conversation(opened(chosen))
        _say_hello(chosen)
        gc.freeze()  # what is built once is kept: looking through it now and then would stop everybody 0.1 s
        asyncio.run(serve(chosen, runner, listening))
    except CannotStart as error:
        raise Trouble(str(error)) from None
    click.echo("Arrêté.")


@main.command(help="Joue la conversation dans le terminal. Un numéro choisit, des mots répondent ; Ctrl-D quitte.")
def chat() -> None:
    from sqlalchemy.exc import SQLAlchemyError

    from bot.app import conversation
    from bot.channels.terminal import Terminal

    terminal = Terminal(conversation(opened(chosen_settings())), numbered=sys.stdin.isatty())
    line = STARTING
    try:
        while True:
            click.echo(terminal.answer(line))
            line = _next_line()
    except EOFError:
        click.echo()
    except SQLAlchemyError as error:
        # Not its message: it holds what was written.
        raise Trouble(f"La base de données ne répond pas ({type(error).__name__}).") from None
    finally:
        terminal.forget()


@main.command(help="Montre les réglages lus dans l'environnement ; les secrets sont masqués.")
def settings() -> None:
    for name, value, description in shown(chosen_settings()):
        click.echo(f"{name}={value}\n    {description}")


@main.command(help="Écrit une affiche A4 à imprimer (PDF) : elle mène à la conversation, pour un lieu, un besoin.")
@click.option("--place", metavar="LIEU", help="Un code INSEE, une commune ou un code postal.")
@click.option("--need", metavar="BESOIN", help="Un des seize besoins, comme alimentation.")
@click.option("--output", metavar="FICHIER", type=click.Path(path_type=Path), default="affiche.pdf", show_default=True)
@click.option("--web-url", metavar="ADRESSE", help="L'adresse publique du chat web ; sinon, celle des réglages.")
@click.option("--telegram", metavar="NOM", help="Le nom du bot Telegram ; sinon, demandé avec TELEGRAM_TOKEN.")
def poster(place: str | None, need: str | None, output: Path, web_url: str | None, telegram: str | None) -> None:
    from bot import poster as posters
    from bot.runner import PARIS

    chosen = chosen_settings()
    public = chosen.TELEGRAM_WEBHOOK_URL or chosen.web_address
    try:
        made = posters.Poster(
            web=posters.web_base(public if web_url is None else web_url),
            printed=datetime.now(PARIS).date(),
            need=None if need is None else posters.need_called(need),
            telegram=telegram_name(chosen, telegram),
            place=None if place is None else _place(chosen, place),
        )
    except posters.CannotPrint as error:
        raise Trouble(str(error)) from None
    try:
        output.write_bytes(posters.pdf(made))
    except OSError as error:
        raise Trouble(f"{output} ne peut pas être écrit ({error.strerror}).") from None
    click.echo("\n  ".join(filter(None, (f"Affiche écrite : {output}", made.web_link, made.telegram_link))))
    for remark in posters.remarks(made):
        click.echo(remark, err=True)


@main.command(help="Explique ce qui est compris d'un message : besoin, lieu, publics, urgence, langue.")
@click.argument("message", required=False)
@click.option("--jsonl", is_flag=True, help="Lit un message (ou un objet JSON avec « text ») par ligne, écrit du JSON.")
@click.option("--place-only", is_flag=True, help="Chaque ligne est une réponse à « Où ? ».")
def understand(message: str | None, jsonl: bool, place_only: bool) -> None:
    from bot.understand import NotAMessage, messages, read_reader

    if jsonl == (message is not None) or (place_only and not jsonl):
        raise Trouble("donnez un message, ou --jsonl (avec --place-only si ce sont des lieux).")
    reader = read_reader()
    gc.freeze()  # what is built once is kept: no message waits while it is looked through
    if message is not None:
        click.echo(reader.explained(message))
        return
    refused = 0
    for said in messages(sys.stdin.buffer):
        if isinstance(said, NotAMessage):
            refused += 1
            click.echo(f"bonne-porte : {said}", err=True)
        else:
            read = reader.place_as_json(said) if place_only else reader.as_json(said)
            click.echo(json.dumps(read, ensure_ascii=False).encode("utf-8", "replace"))
    if refused:
        raise SystemExit(1)


def _place(chosen: Settings, asked: str) -> "Place":
    from bot import poster as posters
    from handlers import words

    index = opened(chosen).index
    place = posters.place_called(asked, index)
    if other := posters.other_meaning(asked, place, index):
        read_as = f"{place.insee} est lu comme le code INSEE {words.of(place.nom)}"
        click.echo(f"{read_as} ; pour le code postal, donnez {other.insee} ({other.nom}).", err=True)
    return place


def _next_line() -> str:
    if sys.stdin.isatty():
        return input("> ")
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    click.echo(f"> {line.rstrip()}")
    return line


def _say_hello(chosen: Settings) -> None:
    click.echo(f"La Bonne Porte est ouverte : {chosen.web_address}")
    if chosen.TELEGRAM_TOKEN:
        click.echo(f"Telegram : {'par webhook' if chosen.TELEGRAM_MODE == 'webhook' else 'en direct (polling)'}")
    else:
        click.echo("Telegram : éteint (donnez TELEGRAM_TOKEN pour l'allumer).")
    click.echo("Ctrl-C pour arrêter.")


for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
