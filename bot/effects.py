"""What a turn asks to be done, done in its own transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from catalogue import (
    additions,
    campaigns,
    corrections,
    event_additions,
    photos,
    proposals,
    reports,
    reviews,
    roles,
    team,
    tries,
    views,
)
from catalogue.hours import PARIS
from handlers.effects import (
    Accept,
    Add,
    AnswerCampaign,
    Arrange,
    AttachPhoto,
    Correct,
    Decide,
    Draft,
    Drop,
    Effect,
    FetchPhoto,
    Forget,
    Invite,
    Leave,
    Moderate,
    Propose,
    Remind,
    RemovePhoto,
    Report,
    Review,
    Revoke,
    See,
    Settle,
    SettleReport,
    StopAll,
    Subscribe,
    TakeBack,
    Try,
    Undo,
    Unremind,
    Unsubscribe,
    Unwatch,
    Verify,
    Watch,
)
from scheduler import asking, fetching, reminders, retention, verification, watching


def apply(connection: Connection, channel: str, person: str, effects: Sequence[Effect], now: datetime) -> None:
    """Does what a turn asks for a person; `now` is UTC."""
    who = (channel, person)
    for effect in effects:
        match effect:
            case Forget():
                retention.forget(connection, *who)
            case Drop():
                retention.drop(connection, *who)
            case Remind():
                reminders.remind(connection, who, effect.event_id, effect.original_at, effect.ahead, now)
            case Unremind():
                reminders.unremind(connection, who, effect.event_id, effect.original_at)
            case Subscribe():
                reminders.subscribe(connection, who, effect.code_insee, effect.kind, effect.rhythm, now)
            case Unsubscribe():
                reminders.unsubscribe(connection, who, effect.id)
            case Watch():
                watching.watch(connection, who, effect.initiative_id)
            case Unwatch():
                watching.unwatch(connection, who, effect.initiative_id)
            case StopAll():
                retention.stop_telling(connection, *who)
            case Accept():
                roles.accept(connection, who, effect.secret, now)
            case Try():
                tries.note(connection, who, now)
            case Leave():
                roles.leave(connection, who, now)
            case Settle():
                asking.answer(connection, who, (effect.event_id, effect.original_at), effect.said, now)
            case See():
                views.add_one(connection, effect.initiative_id, now.astimezone(PARIS).date())
            case Verify():
                verification.answer(connection, who, effect.check_id, effect.verdict, effect.method, now)
            case Arrange():
                verification.arrange(connection, who, effect)
            case Correct():
                corrections.correct(connection, who, effect.initiative_id, effect.field, effect.values, now)
            case Undo():
                corrections.undo(connection, who, effect.correction_id, now)
            case TakeBack():
                event_additions.take_back(connection, who, effect.token, now)
            case Decide():
                corrections.decide(connection, who, effect.correction_id, effect.keep, now)
            case Report():
                reports.report(
                    connection, who, effect.initiative_id, effect.reason, effect.words, effect.to_be_told, now
                )
            case SettleReport():
                reports.settle(connection, who, effect.report_id, effect.outcome, now)
            case Draft():
                additions.keep(connection, who, effect.content, now)
            case Add():
                additions.add(connection, who, effect.content, now)
            case Invite():
                team.invite(connection, who, effect.mandate, effect.secret, now)
            case Revoke():
                team.revoke(connection, who, effect.role_id, now)
            case Review():
                reviews.review(connection, who, effect.initiative_id, effect.words, effect.publics, now)
            case Moderate():
                reviews.moderate(connection, who, effect.review_id, effect.publish, now, effect.because)
            case Propose():
                proposals.propose(connection, who, effect.words, now)
            case AnswerCampaign():
                campaigns.answer(connection, who, effect.campaign_id, effect.initiative_id, effect.said, now)
            case FetchPhoto():
                fetching.ask(connection, who, effect.reference, now)
            case AttachPhoto():
                photos.attach(connection, who, effect.photo_id, effect.initiative_id, now)
            case RemovePhoto():
                photos.remove(connection, who, effect.photo_id, now)


def starts_afresh(effects: Sequence[Effect]) -> bool:
    """Whether nothing of what was said is kept."""
    return any(isinstance(effect, Forget | Drop) for effect in effects)
