"""Until when a channel asked to be left alone (429): true for every process that sends, and after a restart."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, exists, text

from catalogue.tables import Instant, holds

_HOLD = text(
    "INSERT INTO holds (channel, until) VALUES (:of_channel, :until) ON CONFLICT (channel)"
    " DO UPDATE SET until = excluded.until WHERE excluded.until > holds.until"
).bindparams(bindparam("until", type_=Instant))


def hold(connection: Connection, channel: str, until: datetime) -> None:
    """Nothing of a channel leaves before an instant, whichever process sends it; a hold is never shortened.

    Nor the answer to a tap: the server may refuse that call too, and nothing is to be read yet under its spinner.
    """
    connection.execute(_HOLD, {"of_channel": channel, "until": until})


def held(channel: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a channel is held, for a statement that is given `now`."""
    return exists().where(holds.c.channel == channel, holds.c.until > bindparam("now"))
