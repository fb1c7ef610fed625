"""What a person asks to be told later: a date, the dates to come of a commune, what becomes of an entry.

Everything here is an order: it holds in the button, so that it works days later, with no conversation.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from catalogue.entries import Occurrence
from catalogue.hours import zone_of
from catalogue.needs import Ahead, EventKind, EventStatus, Rhythm
from handlers import planning, words
from handlers.asked import go_on, number_in
from handlers.cards import town_hall_words
from handlers.dates import in_words, is_over, keeping_choice, key_of, read_key, whole_date
from handlers.desk import Desk
from handlers.dialogue import Choice, Reply, Rows, State, Turn
from handlers.effects import Remind, Subscribe, Unremind, Unsubscribe, Unwatch, Watch
from handlers.locale import gettext as _
from handlers.told import my_reminders

BOTH = "les-deux"
EVERY_KIND = "tous"
A_DATE = "r"  # what a link's payload begins with that shows a date


def _afterwards() -> Rows:
    return ((my_reminders(), go_on()),)


def said(
    state: State | None, text: str, *effects: Remind | Unremind | Subscribe | Unsubscribe | Watch | Unwatch
) -> Turn:
    """A sentence that says what is done, with the way to the list of it."""
    return Turn(state, (Reply(text, choices=_afterwards()),), effects)


def _occurrence(value: str, desk: Desk) -> Occurrence | None:
    key = read_key(value)
    return desk.occurrence(*key) if key else None


def _unknown_date(state: State | None) -> Turn:
    words_ = _("Je ne retrouve plus ce rendez-vous.")
    return Turn(state, (Reply(words_, choices=((Choice(_("Les rendez-vous"), "agenda:"), go_on()),)),))


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
    rows.append(back if listing else (Choice(_("Les rendez-vous"), "agenda:"), go_on()))
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
        choices = ((keeping_choice(occurrence, told_later=False), *_by_telegram(occurrence, desk)), (go_on(),))
        return Turn(state, (Reply(text, choices=choices),))
    can = possible(occurrence, desk.now)
    ahead = tuple(one for one in can if when in (BOTH, one.value))
    return _noted(state, occurrence, ahead, desk.now) if ahead else _which_ahead(state, occurrence, [*can], desk.now)


def _which_ahead(state: State | None, occurrence: Occurrence, can: Sequence[Ahead], now: datetime) -> Turn:
    name, when = occurrence.event.nom, in_words(occurrence, now)
    if occurrence.status is EventStatus.CANCELLED:
        return said(state, _("C'est annulé : {name}. N'y allez pas.").format(name=name))
    if not can:
        return said(state, _("C'est trop tard pour un rappel : {name}, {when}.").format(name=name, when=when))
    rows = [
        (Choice(words.capital(_ahead(occurrence, one)), f"rappeler:{key_of(occurrence)}={one.value}"),) for one in can
    ]
    if len(can) > 1:
        rows.append((Choice(_("Les deux"), f"rappeler:{key_of(occurrence)}={BOTH}"),))
    text = _("{name}, {when}.\nQuand vous le rappeler ?").format(name=name, when=when)
    return Turn(state, (Reply(text, choices=(*rows, (go_on(),))),))


def _noted(state: State | None, occurrence: Occurrence, ahead: tuple[Ahead, ...], now: datetime) -> Turn:
    text = _("C'est noté. Je vous rappelle {name} {ahead}.\nC'est {when}.\nSi cela change, je vous l'écris.").format(
        name=occurrence.event.nom, ahead=ahead_words(occurrence, ahead), when=in_words(occurrence, now)
    )
    return said(state, text, Remind(occurrence.event.id, occurrence.original_at, ahead))


def ahead_words(occurrence: Occurrence, ahead: Sequence[Ahead]) -> str:
    """When the reminders of a date leave: "la veille à 18 h et deux heures avant"."""
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
        which=which(kind, place.nom), rhythm=_(chosen.label)
    )
    return said(state, text, Subscribe(place.insee, kind, chosen))


def which(kind: EventKind | None, place_nom: str) -> str:
    """What a subscription is to: "Disco soupe près de Nanterre"."""
    what = _(kind.label) if kind else _("Tous les rendez-vous")
    return _("{what} près {of_place}").format(what=what, of_place=words.of(place_nom))


def _which_kind(state: State | None, place_nom: str, insee: str) -> Turn:
    kinds = [
        Choice(_(kind.label), f"prevenir:{insee}={kind.value}") for kind in EventKind if kind is not EventKind.AUTRE
    ]
    rows = tuple(tuple(kinds[at : at + 2]) for at in range(0, len(kinds), 2))
    every = (Choice(_("Tous les rendez-vous"), f"prevenir:{insee}={EVERY_KIND}"),)
    text = _("Je vous écrirai les prochains, près {of_place}. Lesquels ?").format(of_place=words.of(place_nom))
    return Turn(state, (Reply(text, choices=(every, *rows, (go_on(),))),))


def _which_rhythm(state: State | None, data: str) -> Turn:
    labels = {Rhythm.DIMANCHE: _("Le dimanche à 18 h"), Rhythm.AU_FIL: _("Dès qu'il y en a")}
    rows = tuple((Choice(label, f"{data}={rhythm.value}"),) for rhythm, label in labels.items())
    return Turn(state, (Reply(_("Quand vous les écrire ?"), choices=(*rows, (go_on(),))),))


def watch(state: State | None, value: str, desk: Desk) -> Turn:
    """To be told if an entry closes or moves."""
    entry = next(iter(desk.initiatives([number_in(value)])), None)
    if entry is None:
        return Turn(state, (Reply(_("Cette fiche n'est plus dans le guide."), choices=((go_on(),),)),))
    if not desk.told_later:
        return cannot_write(state)
    text = _("C'est noté. Si {name} ferme ou déménage, je vous l'écris.").format(name=entry.nom)
    return said(state, text, Watch(entry.id))


def cannot_write(state: State | None) -> Turn:
    """What is said where nothing can be told later."""
    text = _("Ici, je ne peux pas vous écrire plus tard.\nMais vous pouvez mettre un rendez-vous dans votre agenda.")
    return Turn(state, (Reply(text, choices=((Choice(_("Les rendez-vous"), "agenda:"), go_on()),)),))
