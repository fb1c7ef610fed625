"""What a person asks to be told later, and the list of it: every line can be stopped, and all of it together.

Everything here is an order: it holds in the button, so that it works days later, on a reminder, with no conversation.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from catalogue.entries import Asked, Initiative, Occurrence, Reminded, Subscription
from catalogue.hours import zone_of
from catalogue.needs import Ahead, EventKind, EventStatus, Rhythm
from handlers import planning, words
from handlers.cards import town_hall_words
from handlers.dates import (
    in_words,
    is_over,
    keeping_choice,
    key_of,
    my_reminders,
    read_key,
    stop_all,
    title_of,
    whole_date,
)
from handlers.desk import Desk
from handlers.dialogue import (
    Card,
    Choice,
    Remind,
    Reply,
    Rows,
    State,
    StopAll,
    Subscribe,
    Turn,
    Unremind,
    Unsubscribe,
    Unwatch,
    Watch,
)
from handlers.locale import gettext as _

MOST_LISTED = 20
BOTH = "les-deux"
EVERY_KIND = "tous"
A_DATE = "r"  # what a link's payload begins with that shows a date
_NUMBER = 16  # digits


def _go_on() -> Choice:
    return Choice(_("Continuer"), "reprendre:")


def _afterwards() -> Rows:
    return ((my_reminders(), _go_on()),)


def _said(
    state: State | None, text: str, *effects: Remind | Unremind | Subscribe | Unsubscribe | Watch | Unwatch
) -> Turn:
    return Turn(state, (Reply(text, choices=_afterwards()),), effects)


def _occurrence(value: str, desk: Desk) -> Occurrence | None:
    key = read_key(value)
    return desk.occurrence(*key) if key else None


def _unknown_date(state: State | None) -> Turn:
    words_ = _("Je ne retrouve plus ce rendez-vous.")
    return Turn(state, (Reply(words_, choices=((Choice(_("Les rendez-vous"), "agenda:"), _go_on()),)),))


def show_date(state: State | None, value: str, desk: Desk) -> Turn:
    """One date, whole, with what can be done about it."""
    occurrence = _occurrence(value, desk)
    if occurrence is None:
        return _unknown_date(state)
    event, rows = occurrence.event, list[tuple[Choice, ...]]()
    if occurrence.status is not EventStatus.CANCELLED and not is_over(occurrence, desk.now):
        rows.append((keeping_choice(occurrence, desk.told_later), *_by_telegram(occurrence, desk)))
    if desk.told_later and event.code_insee and desk.place(event.code_insee):
        rows.append((Choice(_("Prévenez-moi des prochains"), f"prevenir:{event.code_insee}={event.kind.value}"),))
    if event.initiative_id:
        rows.append((Choice(_("Le lieu qui l'organise"), f"fiche:{event.initiative_id}"),))
    listing = state is not None and state.flow == "agenda"
    back = (Choice(_("Revenir aux rendez-vous"), "reprendre:"),)
    rows.append(back if listing else (Choice(_("Les rendez-vous"), "agenda:"), _go_on()))
    unsure = not occurrence.confirmed_at and not event.telephone and event.code_insee
    hall = desk.town_hall(event.code_insee) if unsure and event.code_insee else None
    after = town_hall_words(hall, alone=True) if hall else ""
    return Turn(state, (Reply("", cards=(whole_date(occurrence, desk.now),), after=after, choices=tuple(rows)),))


def _by_telegram(occurrence: Occurrence, desk: Desk) -> tuple[Choice, ...]:
    """The same date where one can be reminded of it, when this guide is there too."""
    if desk.told_later or not desk.telegram:
        return ()
    link = f"https://t.me/{desk.telegram}?start={A_DATE}{key_of(occurrence)}"
    return (Choice(_("Me le rappeler sur Telegram"), url=link),)


def opens(payload: str, desk: Desk) -> Turn | None:
    """The date that a link leads to from another channel, None when it leads elsewhere."""
    key = payload.removeprefix(A_DATE)
    return show_date(None, key, desk) if key != payload and read_key(key) else None


def possible(occurrence: Occurrence, now: datetime) -> dict[Ahead, datetime]:
    """The reminders that can still be, and when each leaves (UTC): never at night, see handlers.planning."""
    if occurrence.status is EventStatus.CANCELLED:
        return {}
    zone = zone_of(occurrence.event.departement)
    moments = {ahead: planning.due_at(occurrence.starts_at, occurrence.all_day, ahead, zone) for ahead in Ahead}
    kept = {ahead: at for ahead, at in moments.items() if at is not None and at > now}
    if Ahead.VEILLE in kept and Ahead.HEURES in kept and _same_day(kept[Ahead.VEILLE], kept[Ahead.HEURES], zone):
        del kept[Ahead.HEURES]  # it would come the evening before too
    return kept


def _same_day(one: datetime, other: datetime, zone: ZoneInfo) -> bool:
    return one.astimezone(zone).date() == other.astimezone(zone).date()


def remind(state: State | None, value: str, desk: Desk) -> Turn:
    """When to be reminded, then it is noted: "<key>", then "<key>=veille", "<key>=heures" or "<key>=les-deux"."""
    key, _equals, when = value.partition("=")
    occurrence = _occurrence(key, desk)
    if occurrence is None:
        return _unknown_date(state)
    if not desk.told_later:
        text = _("Ici, je ne peux pas vous écrire plus tard. Mettez-le dans votre agenda.")
        choices = ((keeping_choice(occurrence, told_later=False), *_by_telegram(occurrence, desk)), (_go_on(),))
        return Turn(state, (Reply(text, choices=choices),))
    can = possible(occurrence, desk.now)
    ahead = tuple(one for one in can if when in (BOTH, one.value))
    return _noted(state, occurrence, ahead, desk.now) if ahead else _which_ahead(state, occurrence, [*can], desk.now)


def _which_ahead(state: State | None, occurrence: Occurrence, can: Sequence[Ahead], now: datetime) -> Turn:
    name, when = occurrence.event.nom, in_words(occurrence, now)
    if occurrence.status is EventStatus.CANCELLED:
        return _said(state, _("C'est annulé : {name}. N'y allez pas.").format(name=name))
    if not can:
        return _said(state, _("C'est trop tard pour un rappel : {name}, {when}.").format(name=name, when=when))
    rows = [
        (Choice(words.capital(_ahead(occurrence, one)), f"rappeler:{key_of(occurrence)}={one.value}"),) for one in can
    ]
    if len(can) > 1:
        rows.append((Choice(_("Les deux"), f"rappeler:{key_of(occurrence)}={BOTH}"),))
    text = _("{name}, {when}.\nQuand vous le rappeler ?").format(name=name, when=when)
    return Turn(state, (Reply(text, choices=(*rows, (_go_on(),))),))


def _noted(state: State | None, occurrence: Occurrence, ahead: tuple[Ahead, ...], now: datetime) -> Turn:
    text = _("C'est noté. Je vous rappelle {name} {ahead}.\nC'est {when}.\nSi cela change, je vous l'écris.").format(
        name=occurrence.event.nom, ahead=_ahead_words(occurrence, ahead), when=in_words(occurrence, now)
    )
    return _said(state, text, Remind(occurrence.event.id, occurrence.original_at, ahead))


def _ahead_words(occurrence: Occurrence, ahead: Sequence[Ahead]) -> str:
    return _(" et ").join(_ahead(occurrence, one) for one in ahead)


def _ahead(occurrence: Occurrence, ahead: Ahead) -> str:
    """When a reminder leaves: two hours before what begins early is night, and it leaves at another time."""
    zone = zone_of(occurrence.event.departement)
    at = planning.due_at(occurrence.starts_at, occurrence.all_day, ahead, zone)
    if at is None or ahead is Ahead.VEILLE or at == occurrence.starts_at - planning.TWO_HOURS:
        return _(ahead.label)
    here = at.astimezone(zone)
    hour = words.clock(here)
    if not _same_day(at, occurrence.starts_at, zone):
        return _("la veille à {hour}").format(hour=hour)
    return (_("le matin même à {hour}") if here.hour < 12 else _("le soir même à {hour}")).format(hour=hour)


def subscribe(state: State | None, value: str, desk: Desk) -> Turn:
    """Which dates, then when to hear of them: "<insee>", "<insee>=<kind>", "<insee>=<kind>=<rhythm>"."""
    insee, _equals, rest = value.partition("=")
    slug, _equals, rhythm = rest.partition("=")
    place, kind = desk.place(insee) if insee else None, EventKind.of(slug)
    if place is None or not desk.told_later:
        return Turn(state, (Reply(_("Dites-moi d'abord où."), choices=((Choice(_("Les rendez-vous"), "agenda:"),),)),))
    if kind is EventKind.AUTRE:
        kind, slug = None, EVERY_KIND
    if kind is None and slug != EVERY_KIND:
        return _which_kind(state, place.nom, insee)
    chosen = Rhythm.of(rhythm)
    if chosen is None:
        return _which_rhythm(state, f"prevenir:{insee}={slug}")
    text = _("C'est noté. {which} : je vous écris {rhythm}.").format(
        which=_which(kind, place.nom), rhythm=_(chosen.label)
    )
    return _said(state, text, Subscribe(place.insee, kind, chosen))


def _which(kind: EventKind | None, place_nom: str) -> str:
    what = _(kind.label) if kind else _("Tous les rendez-vous")
    return _("{what} près {of_place}").format(what=what, of_place=words.of(place_nom))


def _which_kind(state: State | None, place_nom: str, insee: str) -> Turn:
    kinds = [
        Choice(_(kind.label), f"prevenir:{insee}={kind.value}") for kind in EventKind if kind is not EventKind.AUTRE
    ]
    rows = tuple(tuple(kinds[at : at + 2]) for at in range(0, len(kinds), 2))
    every = (Choice(_("Tous les rendez-vous"), f"prevenir:{insee}={EVERY_KIND}"),)
    text = _("Je vous écrirai les prochains, près {of_place}. Lesquels ?").format(of_place=words.of(place_nom))
    return Turn(state, (Reply(text, choices=(every, *rows, (_go_on(),))),))


def _which_rhythm(state: State | None, data: str) -> Turn:
    labels = {Rhythm.DIMANCHE: _("Le dimanche à 18 h"), Rhythm.AU_FIL: _("Dès qu'il y en a")}
    rows = tuple((Choice(label, f"{data}={rhythm.value}"),) for rhythm, label in labels.items())
    return Turn(state, (Reply(_("Quand vous les écrire ?"), choices=(*rows, (_go_on(),))),))


def watch(state: State | None, value: str, desk: Desk) -> Turn:
    """To be told if an entry closes or moves."""
    entry = next(iter(desk.initiatives([_number(value)])), None)
    if entry is None:
        return Turn(state, (Reply(_("Cette fiche n'est plus dans le guide."), choices=((_go_on(),),)),))
    if not desk.told_later:
        return _cannot_write(state)
    text = _("C'est noté. Si {name} ferme ou déménage, je vous l'écris.").format(name=entry.nom)
    return _said(state, text, Watch(entry.id))


def _cannot_write(state: State | None) -> Turn:
    text = _("Ici, je ne peux pas vous écrire plus tard.\nMais vous pouvez mettre un rendez-vous dans votre agenda.")
    return Turn(state, (Reply(text, choices=((Choice(_("Les rendez-vous"), "agenda:"), _go_on()),)),))


def listed(state: State | None, value: str, desk: Desk) -> Turn:
    """All that the person asked to be told, each with the button that stops it."""
    if not desk.told_later:
        return _cannot_write(state)
    cards = _cards(desk.asked(), desk)
    if not cards:
        text = _("Vous n'avez aucun rappel.\nTouchez « Me le rappeler » sous un rendez-vous.")
        return Turn(state, (Reply(text, choices=((Choice(_("Les rendez-vous"), "agenda:"), _go_on()),)),))
    more = len(cards) - MOST_LISTED
    after = _("Et {count} autres. « Tout arrêter » les arrête aussi.").format(count=more) if more > 0 else ""
    reply = Reply(_("Voici vos rappels."), tuple(cards[:MOST_LISTED]), after, ((stop_all(), _go_on()),))
    return Turn(state, (reply,))


def _cards(asked: Asked, desk: Desk) -> list[Card]:
    reminders = [_reminder_card(reminded, desk.now) for reminded in asked.reminders]
    subscriptions = [_subscription_card(one, desk) for one in asked.subscriptions]
    return [*reminders, *subscriptions, *(_watch_card(entry) for entry in asked.watched)]


def _reminder_card(reminded: Reminded, now: datetime) -> Card:
    occurrence = reminded.occurrence
    ahead = _ahead_words(occurrence, reminded.ahead)
    lines = (words.capital(in_words(occurrence, now)), _("Rappel : {ahead}.").format(ahead=ahead) if ahead else "")
    choices = (Choice(_("Arrêter"), f"rappel-stop:{key_of(occurrence)}"), _details(occurrence))
    return Card(title_of(occurrence), tuple(filter(None, lines)), choices=choices)


def _details(occurrence: Occurrence) -> Choice:
    return Choice(_("Détails"), f"rdv:{key_of(occurrence)}")


def _subscription_card(subscription: Subscription, desk: Desk) -> Card:
    line = _("Je vous écris {rhythm}.").format(rhythm=_(subscription.rhythm.label))
    return Card(_subscribed(subscription, desk), (line,), choices=(_stop(f"avis-stop:{subscription.id}"),))


def _subscribed(subscription: Subscription, desk: Desk) -> str:
    place = desk.place(subscription.code_insee)
    return _which(subscription.kind, place.nom if place else subscription.code_insee)


def _watch_card(entry: Initiative) -> Card:
    line = _("Je vous écris s'il ferme ou déménage.")
    return Card(
        entry.nom, (line,), choices=(_stop(f"suivi-stop:{entry.id}"), Choice(_("Voir la fiche"), f"fiche:{entry.id}"))
    )


def _stop(data: str) -> Choice:
    return Choice(_("Arrêter"), data)


def stop_reminder(state: State | None, value: str, desk: Desk) -> Turn:
    """Nothing more is written of a date."""
    key = read_key(value)
    if key is None:
        return listed(state, "", desk)
    occurrence = desk.occurrence(*key)
    text = _("C'est noté : je ne vous en parle plus.")
    if occurrence:
        text = _("C'est noté : plus de rappel pour {name}.").format(name=occurrence.event.nom)
    return _said(state, text, Unremind(*key))


def stop_subscription(state: State | None, value: str, desk: Desk) -> Turn:
    """The dates to come are told no more; only a subscription of this person's can be stopped."""
    number = _number(value)
    found = next((one for one in desk.asked().subscriptions if one.id == number), None)
    if found is None:
        return listed(state, "", desk)
    text = _("C'est noté. {which} : je ne vous les annonce plus.").format(which=_subscribed(found, desk))
    return _said(state, text, Unsubscribe(found.id))


def stop_watch(state: State | None, value: str, desk: Desk) -> Turn:
    """What becomes of an entry is told no more."""
    number = _number(value)
    return _said(state, _("C'est noté : je ne vous écris plus à son sujet."), Unwatch(number))


def stop_everything(state: State | None, value: str, desk: Desk) -> Turn:
    """Ends everything that was asked, after one confirmation."""
    if value == "oui":
        text = _("Tout est arrêté. Je ne vous écrirai plus de moi-même.")
        rows = ((Choice(_("Les rendez-vous"), "agenda:"), _go_on()),)
        return Turn(state, (Reply(text, choices=rows),), (StopAll(),))
    text = _("Arrêter tous vos rappels ?")
    choices: Rows = (
        (Choice(_("Oui, tout arrêter"), "tout-arreter:oui"),),
        (Choice(_("Non, les garder"), "mesrappels:"),),
    )
    return Turn(state, (Reply(text, choices=choices),))


def has_asked(asked: Asked) -> bool:
    """Whether there is anything to stop."""
    return bool(asked.reminders or asked.subscriptions or asked.watched)


def in_lines(asked: Asked, desk: Desk) -> list[str]:
    """What is held because the person asked to be told, a line each."""
    lines = [
        _("votre rappel : {name}, {when}").format(
            name=one.occurrence.event.nom, when=in_words(one.occurrence, desk.now)
        )
        for one in asked.reminders
    ]
    lines += [_("ce que je vous annonce : {which}").format(which=_subscribed(one, desk)) for one in asked.subscriptions]
    lines += [_("le lieu que vous suivez : {name}").format(name=entry.nom) for entry in asked.watched]
    return lines


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < _NUMBER else 0
