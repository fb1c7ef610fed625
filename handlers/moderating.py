"""An avis as it is read: by the coordinator who decides whether it is shown, then with the entry."""

from collections.abc import Callable, Sequence
from datetime import datetime

from catalogue.entries import Initiative, Opinion
from catalogue.needs import Public, Refusal, Status
from handlers import words
from handlers.asked import entry_of, go_on, gone_words, number_in
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Reply, Rows, State, Turn
from handlers.effects import Moderate
from handlers.locale import gettext as _
from handlers.settling import ways_on
from handlers.told import one_of_several

_PUBLISH, _REFUSE = "publier", "refuser"


def line(one: Opinion, now: datetime) -> str:
    """An avis as it is read: in which role, when, the words, for whom."""
    text = _("Avis d'un {role}, {month} : {words}")
    month = words.month_and_year(one.at.astimezone(now.tzinfo).date())
    said = text.format(role=_(one.role.label), month=month, words=one.words)
    return f"{said} {_('(pour : {publics})').format(publics=named(one.publics))}" if one.publics else said


def named(publics: Sequence[Public]) -> str:
    """For whom, in words."""
    return ", ".join(_(public.label).lower() for public in publics)


def card_choice(entry_id: int) -> Choice:
    """The way to the entry."""
    return Choice(_("Voir la fiche"), f"fiche:{entry_id}")


# Deciding.


def moderation_reply(entry: Initiative, one: Opinion, now: datetime) -> Reply:
    """What a coordinator is written: the words, for whom, and two buttons."""
    town = " ".join(filter(None, (entry.code_postal, entry.commune)))
    card = Card(entry.nom, tuple(filter(None, (town, line(one, now)))), choices=(card_choice(entry.id),))
    after = _("Il ne doit permettre de reconnaître personne.\nLe montrer avec la fiche ?")
    rows: Rows = ((_deciding(_("Publier"), one, _PUBLISH), _deciding(_("Refuser"), one, _REFUSE)),)
    return Reply(_("Un avis à lire avant de le montrer."), (card,), after, rows)


def moderation_card(entry: Initiative, one: Opinion) -> Card:
    """The same, when several things are put at once."""
    return one_of_several(entry, _("Un avis à lire avant de le montrer."), f"moderer:{one.id}=")


def read_reply(entry: Initiative, one: Opinion) -> Reply:
    """What is written, once, to who gave an avis: whether it is shown."""
    read = _("Votre avis sur {name} a été lu. Merci de l'avoir écrit.").format(name=entry.nom)
    if one.published:
        return Reply(f"{read}\n{_('Il est maintenant montré avec la fiche.')}", choices=ways_on(entry))
    not_shown = why_refused(one) or _("Il n'est pas montré avec la fiche.")
    if entry.status is Status.CLOSED:
        return Reply(f"{read}\n{not_shown}", choices=ways_on(entry))
    another = Choice(_("En écrire un autre"), f"avis:{entry.id}=autre")
    choices = ((another,), *ways_on(entry))
    return Reply(f"{read}\n{not_shown}\n{_('Vous pouvez en écrire un autre.')}", choices=choices)


def why_refused(one: Opinion) -> str:
    """Why an avis is not shown, as who wrote it reads it; "" when it was not said."""
    if one.because is None:
        return ""
    return _("Il n'est pas montré avec la fiche : {why}.").format(why=_(one.because.label))


def _why_reply(entry_id: int, one: Opinion) -> Reply:
    reasons = [(_deciding(words.capital(_(why.label)), one, why.value),) for why in Refusal]
    text = _("Pourquoi ne pas le montrer ? Son auteur le lira, et pourra en écrire un autre.")
    return Reply(text, choices=(*reasons, (card_choice(entry_id),)))


def _deciding(label: str, one: Opinion, what: str) -> Choice:
    return Choice(label, f"moderer:{one.id}={what}")


def moderate(state: State | None, value: str, desk: Desk) -> Turn:
    """What a coordinator decides of an avis: "<id>=publier"; "<id>=refuser", then "<id>=<why>".

    Anything else puts the question again.
    """
    id_, _equals, said = value.partition("=")
    one = desk.reviews.to_moderate(number_in(id_))
    entry = entry_of(one.initiative_id, desk) if one else None
    if not one:
        return _settled(state, _("Ce n'est pas, ou plus, à vous de lire cet avis. Merci quand même."))
    if one.refused:
        return _settled(state, _("Cet avis a été refusé : il n'est pas montré. Son auteur peut en écrire un autre."))
    if said == _REFUSE:
        return Turn(state, (_why_reply(one.initiative_id, one),))
    if why := Refusal.of(said):
        text = _("C'est noté : cet avis n'est pas montré. Son auteur saura pourquoi.")
        return _settled(state, text, one, Moderate(one.id, publish=False, because=why))
    if one.published:
        return _settled(state, _("Cet avis est montré avec la fiche."), one)
    if entry is None:
        return _settled(state, gone_words())
    if said == _PUBLISH:
        return _settled(state, _("Merci. Cet avis est montré avec la fiche."), one, Moderate(one.id, publish=True))
    return Turn(state, (moderation_reply(entry, one, desk.now),))


def _settled(state: State | None, text: str, one: Opinion | None = None, *effects: Moderate) -> Turn:
    """What is said of an avis, in place of the question; what is shown may be taken down."""
    shown = all(effect.publish for effect in effects)
    down = ((_deciding(_("Ne plus le montrer"), one, _REFUSE),),) if one and shown else ()
    card = ((card_choice(one.initiative_id),),) if one else ()
    return Turn(state, (Reply(text, choices=(*card, *down, (go_on(),)), edits=True),), effects)


ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {"moderer": moderate}
