"""`make quality`: how well messages are understood, over the messages of this folder that nothing was learned from."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import click

from catalogue.gazetteer import read_shipped_places, read_usual_names
from catalogue.places import Place, PlaceIndex
from catalogue.understanding import Understander, Understanding, read_understander
from tests.understanding.corpus import NONE, read_corpus

FOLDER = Path(__file__).parent
FILES = ("examples", "tuning", "test")
NEAR_DANGER = FOLDER / "near_danger"


@dataclass(frozen=True)
class Message:
    """A message and what it means."""

    id: str
    text: str
    language: str
    first: frozenset[str]  # the first needs that count as right; none for chatter
    insee: str | None
    publics: frozenset[str]
    emergency: str | None
    style: str


@dataclass(frozen=True)
class Answer:
    """What was understood of a message, and how long it took (s)."""

    message: Message
    understood: Understanding
    took: float

    @property
    def need(self) -> str | None:
        return self.understood.needs[0][0].value if self.understood.needs else None

    @property
    def insee(self) -> str | None:
        if not self.understood.place:
            return None
        return today(self.understood.place.match.places[0])

    @property
    def need_right(self) -> bool:
        return self.need in self.message.first if self.message.first else self.need is None

    @property
    def place_right(self) -> bool:
        return self.insee == self.message.insee


def today(place: Place) -> str | None:
    """The INSEE code of the commune a place is, or is now a part of."""
    return place.parent if place.type == "ANC" else place.insee


def read_messages(name: str) -> list[Message]:
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_message(json.loads(line)) for line in lines if line]


def _message(said: dict[str, object]) -> Message:
    place = said["place"]
    return Message(
        id=said["id"],
        text=said["text"],
        language=said["lang"],
        first=frozenset(said["accept_first"]),
        insee=place["insee"] if place else None,
        publics=frozenset(said["publics"]),
        emergency=said.get("emergency", said.get("crisis")),
        style=said["style"],
    )


def read_near_danger() -> list[Message]:
    """What people ask of reminders and of dates, and what is said with the same words by someone in danger."""
    sentences = enumerate(read_corpus(NEAR_DANGER), 1)
    return [
        Message(
            id=f"near-{number}",
            text=sentence.text,
            language=sentence.language,
            first=frozenset({sentence.need} if sentence.need and sentence.need != NONE else ()),
            insee=None,
            publics=frozenset(),
            emergency=sentence.emergency if sentence.emergency != NONE else None,
            style=sentence.style,
        )
        for number, sentence in sentences
    ]


def share(answers: Sequence[Answer], right: Callable[[Answer], bool]) -> str:
    """Of how many it is right, and of how many."""
    count = sum(map(right, answers))
    return f"{100 * count / len(answers):5.1f} %  ({count}/{len(answers)})" if answers else "      –"


def report(name: str, answers: Sequence[Answer]) -> None:
    needing = [a for a in answers if a.message.first and not a.message.emergency]
    french = [a for a in needing if a.message.language == "fr"]
    foreign = [a for a in needing if a.message.language != "fr"]
    chatter = [a for a in answers if not a.message.first]
    danger = [a for a in answers if a.message.emergency]
    safe = [a for a in answers if not a.message.emergency]
    click.echo(f"\n== {name}, {len(answers)} messages")
    click.echo(f"premier besoin, français        {share(french, lambda a: a.need_right)}   (visé : 92 %)")
    click.echo(f"premier besoin, autres langues  {share(foreign, lambda a: a.need_right)}   (80 %)")
    click.echo(f"aucun besoin inventé            {share(chatter, lambda a: a.need_right)}   (95 %)")
    click.echo(f"lieu dans le message            {share(answers, lambda a: a.place_right)}   (96 %)")
    click.echo(f"urgences entendues              {share(danger, lambda a: bool(a.understood.emergency))}   (98 %)")
    click.echo(
        f"  avec le bon numéro            {share(danger, lambda a: a.understood.emergency == a.message.emergency)}"
    )
    click.echo(f"fausses alertes                 {share(safe, lambda a: bool(a.understood.emergency))}   (1 %)")
    click.echo(
        f"publics                         {share(answers, lambda a: set(a.understood.publics) == a.message.publics)}"
    )
    click.echo(
        f"langue                          {share(answers, lambda a: a.understood.language == a.message.language)}"
    )
    by_table("style", needing, lambda a: [a.message.style])
    by_table("besoin", needing, lambda a: sorted(a.message.first)[:1])
    confused = Counter(f"{'/'.join(sorted(a.message.first))} → {a.need}" for a in needing if not a.need_right)
    click.echo("  pires confusions : " + ", ".join(f"{pair} ({count})" for pair, count in confused.most_common(8)))


def by_table(title: str, answers: Iterable[Answer], keys: Callable[[Answer], Iterable[str]]) -> None:
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        for key in keys(answer):
            groups[key].append(answer)
    for key, group in sorted(groups.items()):
        click.echo(f"  {title} {key:14} {share(group, lambda a: a.need_right)}")


def answered(understander: Understander, index: PlaceIndex, messages: Iterable[Message]) -> list[Answer]:
    found = []
    for message in messages:
        start = perf_counter()
        understood = understander.understand(message.text, index)
        found.append(Answer(message, understood, perf_counter() - start))
    return found


def report_mistakes(answers: Iterable[Answer]) -> None:
    for a in answers:
        if a.message.first and not a.message.emergency and not a.need_right:
            click.echo(f"  BESOIN {'/'.join(sorted(a.message.first))} → {a.need} : {a.message.text}")
        if not a.message.first and a.need:
            click.echo(f"  INVENTÉ {a.need} : {a.message.text}")
        if not a.place_right:
            said = a.understood.place.match.places[0].nom if a.understood.place else None
            click.echo(f"  LIEU {a.message.insee} → {a.insee} {said} : {a.message.text}")
        if bool(a.understood.emergency) != bool(a.message.emergency):
            click.echo(f"  URGENCE {a.message.emergency} → {a.understood.emergency} : {a.message.text}")


def report_near_danger(answers: Sequence[Answer], mistakes: bool) -> None:
    danger = [a for a in answers if a.message.emergency]
    safe = [a for a in answers if not a.message.emergency]
    chatter = [a for a in safe if a.message.style == NONE]
    click.echo(f"\n== near_danger, {len(answers)} phrases sur les rappels et les dates, en danger ou non")
    click.echo(f"urgences entendues              {share(danger, lambda a: bool(a.understood.emergency))}")
    click.echo(f"fausses alertes                 {share(safe, lambda a: bool(a.understood.emergency))}")
    click.echo(f"aucun besoin inventé            {share(chatter, lambda a: a.need is None)}")
    for a in answers if mistakes else ():
        if bool(a.understood.emergency) != bool(a.message.emergency):
            click.echo(f"  URGENCE {a.message.emergency} → {a.understood.emergency} : {a.message.text}")


def report_places(index: PlaceIndex, understander: Understander, mistakes: bool) -> None:
    lines = (FOLDER / "places.jsonl").read_text(encoding="utf-8").splitlines()
    by_type: dict[str, list[bool]] = defaultdict(list)
    for said in map(json.loads, lines):
        place = understander.place_answered(said["text"], index)
        insee = today(place.places[0]) if place.places else None
        right = insee in said["accept"] if said["place"] else insee is None
        by_type[said["type"]].append(right)
        if mistakes and not right:
            wanted, found = said["place"] and said["place"]["name"], [place.nom for place in place.places[:2]]
            click.echo(f"  OÙ {said['type']} {wanted} → {found} : {said['text']}")
    click.echo(f"\n== places, {len(lines)} réponses à « Où ? »")
    every = [right for rights in by_type.values() for right in rights]
    click.echo(f"lieu juste  {100 * sum(every) / len(every):5.1f} %   (97 %)")
    for kind, rights in sorted(by_type.items()):
        click.echo(f"  {kind:14} {100 * sum(rights) / len(rights):5.1f} %  ({sum(rights)}/{len(rights)})")


@click.command(help=__doc__)
@click.option("--mistakes", is_flag=True, help="Montre aussi ce qui est mal compris, sauf de la moitié qui mesure.")
def main(mistakes: bool) -> None:
    start = perf_counter()
    index, understander = PlaceIndex(read_shipped_places(), read_usual_names()), read_understander()
    click.echo(f"prêt en {perf_counter() - start:.2f} s")
    for name in FILES:
        answers = answered(understander, index, read_messages(name))
        report(name, answers)
        took = sorted(answer.took * 1000 for answer in answers)
        click.echo(f"  par message : p50 {took[len(took) // 2]:.2f} ms, p99 {took[int(len(took) * 0.99)]:.2f} ms")
        if mistakes and name != "test":
            report_mistakes(answers)
    report_near_danger(answered(understander, index, read_near_danger()), mistakes)
    report_places(index, understander, mistakes)


if __name__ == "__main__":
    main()
