"""The one question of a campaign ("avez-vous une salle fraîche ?"), put about an entry, and what a tap answers.

An answer is an order: it holds in the button, which may be tapped days later, or forged. Whether it is theirs to give
is read anew each time, from the roles they have then.
"""

from collections.abc import Callable
from datetime import date
from typing import Protocol

from catalogue.entries import Initiative
from catalogue.needs import CampaignAnswer
from handlers.cards import address, contact_lines
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Reply, Rows, State, Turn
from handlers.effects import AnswerCampaign
from handlers.locale import gettext as _
from handlers.locale import ngettext

LONGEST_NUMBER = 18  # digits: more is no number of ours


class Put(Protocol):
    """The question of a campaign, as it was put about an entry."""

    @property
    def campaign_id(self) -> int: ...
    @property
    def question(self) -> str: ...
    @property
    def ends_on(self) -> date: ...
    @property
    def entry(self) -> Initiative: ...


class Campaigns(Protocol):
    """What is looked up; `catalogue.campaigns.Campaigns` answers from the database."""

    def put(self, campaign_id: int, initiative_id: int) -> Put | None:
        """A question that was put to somebody, when it is this person's to answer now; even of what is over."""

    def waiting(self, campaign_id: int, initiative_id: int) -> Put | None:
        """What this person was asked, the oldest first, and has not answered; another than this one."""


def letter_reply(put: Put, number: int) -> Reply:
    """What is written to who is asked about so many entries: the first of them."""
    text = ngettext(
        "Une question sur un lieu dont vous vous occupez.",
        "Une question sur {number} lieux dont vous vous occupez. Un lieu à la fois.",
        number,
    )
    return _question(put, text.format(number=number), ())


def settle(state: State | None, value: str, desk: Desk) -> Turn:
    """What an answer does: "<campaign>.<entry>=oui", "=non", "=ne-sais-pas"; without one, the question again."""
    campaign_id, initiative_id, said = _read(value)
    put = desk.campaigns.put(campaign_id, initiative_id)
    if not put:
        text = _("Ce n'est plus à vous de répondre à cette question. Merci quand même.")
        return _next(state, text, campaign_id, initiative_id, desk)
    if put.ends_on < desk.now.date():
        text = _("Cette question est finie : {name}. Merci quand même.").format(name=put.entry.nom)
        return _next(state, text, campaign_id, initiative_id, desk)
    if said is None:
        return Turn(state, (_question(put, "", ((_go_on(),),)),))
    text = _("Merci, c'est noté pour {name} : « {answer} ».").format(name=put.entry.nom, answer=_(said.label))
    effect = AnswerCampaign(campaign_id, initiative_id, said)
    change = (Choice(_("Changer ma réponse"), f"campagne:{campaign_id}.{initiative_id}="),)
    return _next(state, text, campaign_id, initiative_id, desk, effect, more=(change,))


def _read(value: str) -> tuple[int, int, CampaignAnswer | None]:
    """The ids a button holds, 0 for what is none, and the answer."""
    named, _equals, said = value.partition("=")
    campaign, _dot, entry = named.partition(".")
    return _number(campaign), _number(entry), CampaignAnswer.of(said)


def _number(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER else 0


def _next(
    state: State | None,
    text: str,
    campaign_id: int,
    initiative_id: int,
    desk: Desk,
    *effects: AnswerCampaign,
    more: Rows = (),
) -> Turn:
    """A sentence, then the next question that waits for this person, if there is one."""
    rows = (*more, (_go_on(),))
    put = desk.campaigns.waiting(campaign_id, initiative_id)
    reply = _question(put, text, rows) if put else Reply(text, choices=rows, edits=True)
    return Turn(state, (reply,), effects)


def _question(put: Put, text: str, more: Rows) -> Reply:
    """The fields of the entry first, then the question and its three answers."""
    lines = tuple(filter(None, (address(put.entry), *contact_lines(put.entry))))
    card = Card(put.entry.nom, lines, choices=(Choice(_("Détails"), f"fiche:{put.entry.id}"),))
    key = f"{put.campaign_id}.{put.entry.id}"
    yes, no, unsure = (Choice(_(said.label), f"campagne:{key}={said.value}") for said in CampaignAnswer)
    return Reply(text, (card,), put.question, ((yes, no), (unsure,), *more))


def _go_on() -> Choice:
    return Choice(_("Continuer"), "reprendre:")


ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"campagne": settle}
