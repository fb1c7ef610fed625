"""Roles, as those who have one meet them: a link to accept, what it asks of them, and how to give it back."""

from collections.abc import Sequence

from catalogue.entries import Mandate
from catalogue.needs import Role
from handlers.desk import Desk
from handlers.dialogue import Accept, Choice, Leave, Reply, Rows, State, Turn
from handlers.locale import gettext as _
from handlers.locale import ngettext

A_ROLE = "i"  # what a link's payload begins with that gives a role
SECRET = 32  # hexadecimal digits
MOST_NAMED = 8  # communes of one role, in a sentence


def opens(payload: str, desk: Desk) -> Turn | None:
    """What a link that gives a role shows; None when it is another link."""
    secret = payload.removeprefix(A_ROLE)
    if secret == payload or len(secret) != SECRET:
        return None
    if not desk.told_later:
        way = Choice(_("Ouvrir sur Telegram"), url=f"https://t.me/{desk.telegram}?start={payload}")
        text = _("Cette invitation s'ouvre sur Telegram : là, je peux vous écrire.")
        return Turn(None, (Reply(text, choices=((way,),) if desk.telegram else ((_begin(),),)),))
    mandate = desk.invitation(secret)
    if mandate is None:
        return _no_more(None)
    text = _("On vous propose un rôle : {what}.\n{task}\nVous arrêtez quand vous voulez, sans le dire à personne.")
    rows: Rows = ((Choice(_("J'accepte"), f"accepter:{secret}"),), (Choice(_("Non merci"), "recommencer:"),))
    said = text.format(what=in_words(mandate, desk), task=_task(mandate.role))
    return Turn(None, (Reply(said, choices=rows),))


def accept(state: State | None, value: str, desk: Desk) -> Turn:
    """Takes the role of a link, if it is still to be taken."""
    mandate = desk.invitation(value) if desk.told_later and len(value) == SECRET else None
    if mandate is None:
        return _no_more(state)
    text = _("C'est fait, merci. Votre rôle : {what}.\n{task}\nIl se voit et se quitte dans « Mes données ».")
    said = text.format(what=in_words(mandate, desk), task=_task(mandate.role))
    return Turn(state, (Reply(said, choices=((Choice(_("Mes données"), "mesdonnees:"), _begin()),)),), (Accept(value),))


def _no_more(state: State | None) -> Turn:
    text = _(
        "Cette invitation n'est plus valable : elle sert une fois, pendant 48 heures.\n"
        "Demandez-en une autre à qui vous l'a envoyée. Vous pouvez chercher sans invitation."
    )
    return Turn(state, (Reply(text, choices=((_begin(),),)),))


def _begin() -> Choice:
    return Choice(_("Chercher un lieu, une aide"), "recommencer:")


def _task(role: Role) -> str:
    if role is Role.ORGANISATEUR:
        return _("Deux jours avant vos rendez-vous, je vous demande s'ils sont maintenus. Un geste suffit.")
    return _(
        "Deux jours avant un rendez-vous de chez vous, je peux vous demander s'il est maintenu. Un geste suffit.\n"
        "Cinq questions par semaine au plus, jamais la nuit. Vous pouvez ne pas savoir."
    )


def in_words(mandate: Mandate, desk: Desk) -> str:
    """A role and what it covers: "correspondant du guide pour Nanterre et Sceaux"."""
    where = [_named(code, desk) for code in mandate.codes[:MOST_NAMED]]
    where += [entry.nom for entry in desk.initiatives(mandate.initiatives)[:MOST_NAMED]]
    more = len(mandate.codes) + len(mandate.initiatives) - len(where)
    if more > 0:
        where.append(ngettext("{count} autre", "{count} autres", more).format(count=more))
    listed = _(" et ").join(filter(None, (", ".join(where[:-1]), where[-1]))) if where else ""
    role = _(mandate.role.label)
    return _("{role} pour {where}").format(role=role, where=listed) if listed else role


def _named(code: str, desk: Desk) -> str:
    place = desk.place(code)
    return place.nom if place else _("le département {code}").format(code=code)


def in_lines(mandates: Sequence[Mandate], desk: Desk) -> list[str]:
    """Every role somebody has, as « Mes données » tells it."""
    return [_("Votre rôle : {what}.").format(what=in_words(mandate, desk)) for mandate in mandates]


def leave(state: State | None, value: str, desk: Desk) -> Turn:
    """Gives back every role, after one confirmation."""
    if value == "oui":
        text = _("C'est fait : vous n'avez plus de rôle. Merci pour ce que vous avez donné.")
        return Turn(state, (Reply(text, choices=((_begin(),),)),), (Leave(),))
    rows: Rows = ((Choice(_("Oui, le quitter"), "quitter:oui"),), (Choice(_("Non, le garder"), "reprendre:"),))
    return Turn(state, (Reply(_("Quitter votre rôle ?"), choices=rows),))
