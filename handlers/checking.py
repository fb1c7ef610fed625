"""« Toujours vrai ? »: an entry put to who looks after it, and what their taps do.

Everything here is an order: it holds in the button, which may be tapped days later, or forged. Whether a question is
theirs to answer is read anew each time, from the roles they have then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from catalogue.entries import Initiative
from catalogue.hours import ordinary_week
from catalogue.needs import Kind, Method, Verdict
from handlers import words
from handlers.asked import go_on, number_in
from handlers.cards import address, calls, contact_lines, first_sentence, for_a_time, provenance, warning
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Reply, Rows, State, Turn
from handlers.effects import Arrange, Verify
from handlers.locale import gettext as _
from handlers.locale import ngettext

SURE = "ferme-oui"  # the second tap: what is closed is shown no more
MISTAKE = "erreur"  # it was not closed
METHODS = (Method.VISITE, Method.TELEPHONE, Method.COURRIEL, Method.BOT)
MOST = 10  # questions a week
FIRST_HOUR, LAST_HOUR = 8, 20


@dataclass(frozen=True, slots=True)
class Question:
    """An entry put to somebody."""

    id: int
    entry: Initiative
    has_photos: bool = False  # of its poster (handlers.poster_photo)


@dataclass(frozen=True, slots=True)
class Opened:
    """How many people opened an entry since it was verified; `by_them`: in the very role that is asked."""

    people: int
    by_them: bool


class Checks(Protocol):
    """What is looked up; `scheduler.verification.Checks` answers from the database."""

    def question(self, check_id: int) -> Question | None:
        """A question this person may answer now; None when it is not theirs, or no longer."""

    def waiting(self) -> Sequence[Question]:
        """The questions put to this person that have no answer, the oldest first."""

    def closed(self, check_id: int) -> Question | None:
        """A question to which this person said that it is closed, less than an hour ago; None for any other."""

    def opened(self, question: Question) -> Opened | None:
        """Who opened an entry since it was last verified; None when that is too few to be said."""

    def arranged(self) -> Arrange | None:
        """When, and how much, this person is asked; None when they are no correspondent."""


# The question.


def round_reply(question: Question, new: int, again: int, now: datetime) -> Reply:
    """What is written to a correspondent: how many questions this week, how many wait already, and the first one."""
    said = []
    if new:
        asked = ngettext("Cette semaine, {count} fiche à vérifier.", "Cette semaine, {count} fiches à vérifier.", new)
        said.append(asked.format(count=new))
    if again:
        waits = ngettext("{count} question attend votre réponse.", "{count} questions attendent votre réponse.", again)
        said.append(waits.format(count=again))
    return question_reply(question, "\n".join(said), now)


def passed_reply(question: Question, count: int, now: datetime) -> Reply:
    """What is written to whoever is asked after somebody else, or for nobody else."""
    said = ngettext(
        "Une question de plus : personne n'a encore pu y répondre.",
        "{count} questions de plus : personne n'a encore pu y répondre.",
        count,
    )
    return question_reply(question, said.format(count=count), now)


def question_reply(question: Question, said: str, now: datetime, edits: bool = False) -> Reply:
    """An entry's fields first, then « Toujours vrai ? »."""
    verdicts = list(Verdict)
    rows = tuple(tuple(_verdict(question, one) for one in verdicts[at : at + 2]) for at in range(0, len(verdicts), 2))
    poster = ((Choice(_("Voir l'affiche"), f"affiche-voir:{question.entry.id}"),),) if question.has_photos else ()
    return Reply(said, (_card(question.entry, now),), _("Toujours vrai ?"), (*rows, *poster), edits=edits)


def _put(question: Question, said: str, desk: Desk) -> Reply:
    """A question, in place of what was tapped."""
    seen = replace(question, has_photos=bool(desk.photos.of(question.entry.id)))
    return question_reply(seen, said, desk.now, edits=True)


def _verdict(question: Question, verdict: Verdict) -> Choice:
    if verdict is Verdict.CORRIGER:
        return Choice(_(verdict.label), f"corriger:{question.entry.id}={question.id}")
    return _choice(_(verdict.label), question, verdict.value)


def _choice(label: str, question: Question, said: str) -> Choice:
    return Choice(label, f"verifier:{question.id}={said}")


def _card(entry: Initiative, now: datetime) -> Card:
    kind = "" if entry.kind is Kind.AUTRE else _(entry.kind.label)
    hours = _hours(entry)
    lines = (
        warning(entry),
        kind,
        first_sentence(entry.description),
        address(entry),
        *for_a_time(entry, now.date()),
        _("Horaires : {value}").format(value=hours) if hours else _("Horaires non connus."),
        *contact_lines(entry),
    )
    choices = (*calls(entry), Choice(_("Toute la fiche"), f"fiche:{entry.id}"))
    return Card(entry.nom, tuple(filter(None, lines)), provenance(entry, now.date()), choices)


def _hours(entry: Initiative) -> str | None:
    """The hours of an ordinary week, in words; as they were given when weeks are not alike."""
    days = ordinary_week(entry.horaires_osm) if entry.horaires_osm else None
    return words.week(days) if days else entry.horaires or entry.horaires_osm


# What is answered.


def verify(state: State | None, value: str, desk: Desk) -> Turn:
    """What an answer does: "<check>=" and a verdict, how it was verified, SURE or MISTAKE."""
    number, _equals, said = value.partition("=")
    closed = desk.checks.closed(number_in(number)) if said == MISTAKE else None
    if closed:
        return _taken_back(state, closed, desk)
    question = desk.checks.question(number_in(number))
    if not question:
        return _not_theirs(state, desk)
    if said == SURE:
        return _closed(state, question, desk)
    if said in METHODS:
        return _confirmed(state, question, Method(said), desk)
    match Verdict.of(said):
        case Verdict.OUI:
            return _how(state, question)
        case Verdict.FERME:
            return _make_sure(state, question)
        case Verdict.NE_SAIS_PAS | Verdict.PLUS_TARD | Verdict.PAS_POUR_MOI as verdict:
            return _left(state, question, verdict, desk)
    return Turn(state, (_put(question, "", desk),))


def _not_theirs(state: State | None, desk: Desk) -> Turn:
    text = _("Cette question n'attend plus votre réponse. Merci quand même.")
    others = (Choice(_("Mes questions"), "mesquestions:"),) if desk.checks.waiting() else ()
    return Turn(state, (Reply(text, choices=((*others, go_on()),)),))


def _how(state: State | None, question: Question) -> Turn:
    labels = (_("Sur place"), _("Par téléphone"), _("Par courriel"), _("Je le sais déjà"))
    ways = [_choice(label, question, method.value) for label, method in zip(labels, METHODS, strict=True)]
    text = _("{name} : comment l'avez-vous vérifié ?").format(name=question.entry.nom)
    return Turn(state, (Reply(text, choices=(tuple(ways[:2]), tuple(ways[2:]), (_back(question),)), edits=True),))


def _back(question: Question) -> Choice:
    return _choice(_("Revoir la question"), question, "")


def _confirmed(state: State | None, question: Question, method: Method, desk: Desk) -> Turn:
    text = _("Merci. C'est noté : {name}, confirmé {how}.").format(name=question.entry.nom, how=_(method.label))
    opened = desk.checks.opened(question)
    said = f"{text}\n{_thanks(opened)}" if opened else text
    return _then(state, question, said, Verify(question.id, Verdict.OUI, method), desk)


def _thanks(opened: Opened) -> str:
    if opened.by_them:
        said = _("{count} personnes ont ouvert cette fiche depuis votre vérification.")
    else:
        said = _("{count} personnes ont ouvert cette fiche depuis la dernière vérification.")
    return said.format(count=opened.people)


def _make_sure(state: State | None, question: Question) -> Turn:
    text = _("{name} : c'est fermé pour de bon ?\nLa fiche ne sera plus montrée.")
    rows: Rows = ((_choice(_("Oui, c'est fermé"), question, SURE),), (_back(question),))
    return Turn(state, (Reply(text.format(name=question.entry.nom), choices=rows, edits=True),))


def _closed(state: State | None, question: Question, desk: Desk) -> Turn:
    text = _("C'est noté : {name} est fermé. Qui suit ce lieu sera prévenu.").format(name=question.entry.nom)
    mistake = _choice(_("C'était une erreur"), question, MISTAKE)
    turn = _then(state, question, "", Verify(question.id, Verdict.FERME), desk)
    noted = Reply(text, choices=((mistake,),), edits=True)
    return Turn(state, (noted, *(Reply(r.text, r.cards, r.after, r.choices) for r in turn.replies)), turn.effects)


def _taken_back(state: State | None, question: Question, desk: Desk) -> Turn:
    """It is as it was before: the question waits again, and is shown at once."""
    text = _("C'est rétabli : {name} est de nouveau montré.").format(name=question.entry.nom)
    return Turn(state, (_put(question, text, desk),), (Verify(question.id, Verdict.PLUS_TARD),))


def _left(state: State | None, question: Question, verdict: Verdict, desk: Desk) -> Turn:
    said = {
        Verdict.NE_SAIS_PAS: _("Merci de l'avoir dit. Je demande à quelqu'un d'autre, s'il y a quelqu'un."),
        Verdict.PLUS_TARD: _("C'est noté. Je vous la pose de nouveau dans deux jours."),
        Verdict.PAS_POUR_MOI: _("C'est noté. Je ne vous demanderai plus rien sur cette fiche."),
    }
    return _then(state, question, said[verdict], Verify(question.id, verdict), desk)


def _then(state: State | None, question: Question, said: str, effect: Verify, desk: Desk) -> Turn:
    """What was done, then the next question; or thanks, when all is answered."""
    others = [one for one in desk.checks.waiting() if one.id != question.id]
    if not others:
        text = "\n".join(filter(None, (said, _("C'est tout pour le moment. Merci pour ce que vous faites."))))
        rows: Rows = ((Choice(_("Mes questions"), "mesquestions:"), go_on()),)
        return Turn(state, (Reply(text, choices=rows, edits=True),), (effect,))
    count = len(others)
    more = ngettext("Encore {count} question.", "Encore {count} questions.", count).format(count=count)
    text = "\n".join(filter(None, (said, more)))
    return Turn(state, (_put(others[0], text, desk),), (effect,))


ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"verifier": verify}
