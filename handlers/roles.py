"""Roles, as people meet them: a link a coordinator makes, what it asks of who accepts it, how to give it back."""

from collections.abc import Callable, Sequence
from typing import Protocol

from catalogue.entries import Mandate
from catalogue.intercommunalities import is_siren
from catalogue.needs import Role
from handlers.asked import YES, two_a_row
from handlers.desk import Desk
from handlers.dialogue import Choice, Reply, Rows, State, Turn
from handlers.effects import Accept, Leave, Try
from handlers.locale import gettext as _
from handlers.locale import ngettext

A_ROLE = "i"  # what a link's payload begins with that gives a role
SECRET = 32  # hexadecimal digits
MOST_NAMED = 8  # communes or entries of one role, in a sentence


class Tries(Protocol):
    """What is looked up; `catalogue.tries.Tries` answers from the database."""

    def too_many(self) -> bool:
        """Whether as many wrong links were opened as may be in an hour."""

    def lately(self) -> bool:
        """Whether this person opened one."""


def opens(payload: str, desk: Desk) -> Turn | None:
    """What a link that gives a role shows; None when it is another link."""
    secret = payload.removeprefix(A_ROLE)
    if secret == payload or len(secret) != SECRET:
        return None
    if not desk.told_later:
        way = Choice(_("Ouvrir sur Telegram"), url=f"https://t.me/{desk.telegram}?start={payload}")
        text = _("Cette invitation s'ouvre sur Telegram : là, je peux vous écrire.")
        return Turn(None, (Reply(text, choices=((way,),) if desk.telegram else ((_begin(),),)),))
    if desk.tries.too_many():
        return _too_many(None)
    mandate = desk.invitation(secret)
    if mandate is None:
        return _no_more(None, Try())
    text = _("On vous propose un rôle : {what}.\n{task}\nVous arrêtez quand vous voulez, sans le dire à personne.")
    rows: Rows = ((Choice(_("J'accepte"), f"accepter:{secret}"),), (Choice(_("Non merci"), "recommencer:"),))
    asked = text.format(what=in_words(mandate, desk), task=_task(mandate.role))
    return Turn(None, (Reply(asked, choices=rows),))


def accept(state: State | None, value: str, desk: Desk) -> Turn:
    """Takes the role of a link, if it is still to be taken."""
    if not desk.told_later or len(value) != SECRET:
        return _no_more(state)
    if desk.tries.too_many():
        return _too_many(state)
    mandate = desk.invitation(value)
    if mandate is None:
        return _no_more(state, Try())
    text = _("C'est fait, merci. Votre rôle : {what}.\n{task}\nIl se voit et se quitte dans « Mes données ».")
    thanks = text.format(what=in_words(mandate, desk), task=_task(mandate.role))
    rows = (*work([*desk.mandates(), mandate]), (Choice(_("Mes données"), "mesdonnees:"), _begin()))
    return Turn(state, (Reply(thanks, choices=rows),), (Accept(value),))


def work(mandates: Sequence[Mandate]) -> Rows:
    """What roles let one do, as buttons; () without a role."""
    roles = {mandate.role for mandate in mandates}
    buttons = []
    if Role.CORRESPONDANT in roles:
        buttons.append(Choice(_("Mes questions"), "mesquestions:"))
    if Role.COORDINATEUR in roles:
        buttons.append(Choice(_("Mon territoire"), "equipe:"))
    if buttons:
        buttons.append(Choice(_("Ajouter un lieu"), "ajouter:"))
    if roles - {Role.TRAVAILLEUR_SOCIAL}:
        buttons.append(Choice(_("Annoncer un rendez-vous"), "annoncer:"))
    if roles:
        buttons.append(Choice(_("Proposer un besoin"), "proposer:"))
    return two_a_row(buttons)


def _too_many(state: State | None) -> Turn:
    text = _("Trop d'essais. Réessayez dans une heure.\nVous pouvez chercher sans invitation.")
    return Turn(state, (Reply(text, choices=((_begin(),),)),))


def _no_more(state: State | None, *effects: Try) -> Turn:
    text = _(
        "Cette invitation n'est plus valable : elle sert une fois, pendant 48 heures.\n"
        "Demandez-en une autre à qui vous l'a envoyée. Vous pouvez chercher sans invitation."
    )
    return Turn(state, (Reply(text, choices=((_begin(),),)),), effects)


def _begin() -> Choice:
    return Choice(_("Chercher un lieu, une aide"), "recommencer:")


def _task(role: Role) -> str:
    """What a role changes for who takes it."""
    match role:
        case Role.ORGANISATEUR:
            return _("Deux jours avant vos rendez-vous, je vous demande s'ils sont maintenus. Un geste suffit.")
        case Role.TRAVAILLEUR_SOCIAL:
            return _(
                "Sous une fiche, vous pouvez donner un avis : ce qui aide, et pour qui.\n"
                "Quand vous signalez une erreur, je note qu'elle vient d'un travailleur social.\n"
                "Votre nom n'est ni demandé, ni gardé."
            )
        case Role.COORDINATEUR:
            return _(
                "Écrivez « équipe » : vous voyez l'état de votre territoire, vous invitez, vous retirez un rôle.\n"
                "Une fois par mois, je vous écris cet état. Je vous demande aussi ce que personne n'a pu dire.\n"
                "Cinq fiches par semaine au plus, jamais la nuit.\n"
                "S'y ajoutent les erreurs signalées, les désaccords et les avis à lire."
            )
        case Role.CORRESPONDANT:
            return _(
                "Chaque semaine, je vous demande si quelques fiches sont encore vraies. "
                "Deux jours avant un rendez-vous de chez vous, je peux vous demander s'il est maintenu.\n"
                "Cinq questions par semaine au plus, jamais la nuit. Les erreurs signalées en font partie.\n"
                "Un geste suffit. Vous pouvez ne pas savoir."
            )


def in_words(mandate: Mandate, desk: Desk) -> str:
    """A role and what it covers: "correspondant du guide pour Nanterre et Sceaux (Jardin partagé)"."""
    entries = [entry.nom for entry in desk.initiatives(mandate.initiatives)]
    more = len(mandate.initiatives) - len(entries)  # those that closed
    where = listed([*named(mandate.codes, nom_known_to(desk)), *entries], more)
    role = _(mandate.role.label)
    covers = _("{role} pour {where}").format(role=role, where=where) if where else role
    kinds = ", ".join(_(kind.label) for kind in mandate.kinds)
    return f"{covers} ({kinds})" if kinds else covers


def where_in_words(codes: Sequence[str], desk: Desk) -> str:
    """Communes, intercommunalities and departments in a sentence."""
    return listed(named(codes, nom_known_to(desk)))


def nom_known_to(desk: Desk) -> Callable[[str], str | None]:
    """What tells the name of a commune or of an intercommunality by its code; None for any other."""

    def nom(code: str) -> str | None:
        found = desk.place(code) or desk.team.intercommunality(code)
        return found.nom if found else None

    return nom


def named(codes: Sequence[str], nom: Callable[[str], str | None]) -> list[str]:
    """Territories by their names; `nom` tells those of communes and of intercommunalities."""
    return [nom(code) or _unnamed(code) for code in codes]


def _unnamed(code: str) -> str:
    if is_siren(code):
        return _("l'intercommunalité n° {code} (inconnue : aucune de ses communes n'est suivie)").format(code=code)
    return _("le département {code}").format(code=code)


def listed(names: Sequence[str], more: int = 0) -> str:
    """Some names in a sentence, and how many others there are: "Nanterre, Sceaux et 3 autres"."""
    shown = list(names[:MOST_NAMED])
    others = more + len(names) - len(shown)
    if others > 0:
        shown.append(ngettext("{count} autre", "{count} autres", others).format(count=others))
    return _(" et ").join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def in_lines(mandates: Sequence[Mandate], desk: Desk) -> list[str]:
    """Every role somebody has, as « Mes données » tells it."""
    return [_("Votre rôle : {what}.").format(what=in_words(mandate, desk)) for mandate in mandates]


def tries_in_lines(desk: Desk) -> list[str]:
    """The wrong links somebody opened, as « Mes données » tells it."""
    if not desk.tries.lately():
        return []
    return [_("Des invitations qui n'ont pas marché : leur nombre, une heure, même si vous effacez.")]


def leave(state: State | None, value: str, desk: Desk) -> Turn:
    """Gives back every role, after one confirmation."""
    if value == YES:
        text = _("C'est fait : vous n'avez plus de rôle. Merci pour ce que vous avez donné.")
        return Turn(state, (Reply(text, choices=((_begin(),),)),), (Leave(),))
    rows: Rows = ((Choice(_("Oui, le quitter"), "quitter:oui"),), (Choice(_("Non, le garder"), "reprendre:"),))
    return Turn(state, (Reply(_("Quitter votre rôle ?"), choices=rows),))
