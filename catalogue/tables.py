"""The schema. Domain columns keep their data·inclusion v1 names; instants are UTC, days are ISO dates."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigId = BigInteger().with_variant(Integer, "sqlite")


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime on both engines (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


places = Table(
    "places",
    metadata,
    Column("insee", String(5), primary_key=True),
    Column("nom", Text, nullable=False),
    # COM, ARM (arrondissement) or ANC (a former commune, which may keep the code of the new one).
    Column("type", String(8), primary_key=True),
    Column("parent", String(5)),  # the commune an arrondissement or a former commune belongs to
    Column("codes_postaux", JSON, nullable=False),
    Column("departement", String(3), nullable=False),
    Column("departement_nom", Text, nullable=False),
    Column("population", Integer, nullable=False),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("precision", String(16), nullable=False),
    Column("mairie_adresse", Text),
    Column("mairie_telephone", Text),
    Column("mairie_site", Text),
    Column("mairie_horaires_osm", Text),
)

initiatives = Table(
    "initiatives",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("nom", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("needs", JSON, nullable=False),  # slugs, the main one first
    Column("reach", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("adresse", Text),
    Column("complement_adresse", Text),
    Column("commune", Text),
    Column("code_postal", String(5)),
    Column("code_insee", String(5)),
    Column("departement", String(3)),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("exact", Boolean, nullable=False),  # the position is the place itself, not its town hall
    Column("telephone", Text),
    Column("courriel", Text),
    Column("site_web", Text),
    Column("lien_source", Text),
    Column("horaires", Text),  # as they were given
    Column("horaires_osm", Text),  # the same as OpenStreetMap opening hours, where they could be read
    Column("moments", JSON, nullable=False),  # what the hours allow, [] when they are not known
    Column("publics", JSON, nullable=False),  # [] when not known
    Column("publics_precisions", Text),
    Column("frais", Text),
    Column("frais_precisions", Text),
    Column("conditions_acces", Text),
    Column("accessible", Boolean),  # with a wheelchair; None when not known
    Column("date_maj", Date),  # edited at the source: not a verification
    Column("verified_at", Date),
    Column("verified_method", Text),
    Column("verified_role", Text),
    Column("verified_by_year", Boolean, nullable=False),  # only the year of verified_at is known
    Column("zones", JSON, nullable=False),  # the departments a departmental one serves, when several
    Column("season", Text),  # "04-15/10-31": open between these days of every year; None: all year
    Column("notices", JSON, nullable=False),  # what is true for a time (catalogue.notices)
    Column("vanished_at", Date),  # its source no longer has it since then
    Column("merged_into", BigId),  # the id of the entry a person said is the same place
    # As its source gave it, for what has no column here to go back out as it came in (data·inclusion v1).
    Column("structure", JSON(none_as_null=True)),
    Column("services", JSON, nullable=False),
    UniqueConstraint("source", "source_id"),
    Index(None, "code_insee", "departement"),
)

# need + z-order key of the position: what is near follows, and a range of keys is a square of ground.
need_positions = Table(
    "need_positions",
    metadata,
    Column("need", Text, primary_key=True),
    Column("z", BigInteger, primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("latitude", Float, nullable=False),  # here too, so that distances are exact and read nothing else
    Column("longitude", Float, nullable=False),
    Index(None, "initiative_id"),
    sqlite_with_rowid=False,
)

# Another number for a need whenever one of its positions changes: what a process holds is known to be true by it.
need_marks = Table(
    "need_marks",
    metadata,
    Column("need", Text, primary_key=True),
    Column("mark", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What has no place: "national", "a-distance", or a department's code.
need_areas = Table(
    "need_areas",
    metadata,
    Column("need", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "initiative_id"),
    sqlite_with_rowid=False,
)

# The words of names, and where each is: a word, then ground, as need_positions does for needs.
word_positions = Table(
    "word_positions",
    metadata,
    Column("word", Text, primary_key=True),
    Column("z", BigInteger, primary_key=True),  # -1 for what has no place
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "initiative_id"),
    sqlite_with_rowid=False,
)

# Every word there is in a name, by what is left of it without one of its parts: those a slip away are found at once.
word_parts = Table(
    "word_parts",
    metadata,
    Column("part", Text, primary_key=True),
    Column("word", Text, primary_key=True),
    sqlite_with_rowid=False,
)

# Every change of an entry: only the columns that changed. The first one, its creation, has no before and no after.
revisions = Table(
    "revisions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("role", Text),  # None: no person, a list
    Column("method", Text, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Index(None, "initiative_id"),
)

# Pairs that may be the same place, and what a person said of them. `first_id` is the smaller id.
duplicates = Table(
    "duplicates",
    metadata,
    Column("first_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("second_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("score", Float, nullable=False),  # from 0 to 1
    Column("decision", Text),  # None: to be decided; "same" or "different"
    Column("at", Instant, nullable=False),
    Column("role", Text),
    Index(None, "second_id"),
)

# What is done together, once or often. Its dates are in `ical`; those of the weeks to come are also in `occurrences`.
events = Table(
    "events",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),  # the UID of its calendar
    Column("nom", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("needs", JSON, nullable=False),  # slugs, the main one first
    Column("description", Text, nullable=False),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="SET NULL")),  # whose it is, when it is known
    Column("lieu", Text),  # the name of the room or the square
    Column("adresse", Text),
    Column("commune", Text),
    Column("code_postal", String(5)),
    Column("code_insee", String(5)),
    Column("departement", String(3)),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("exact", Boolean, nullable=False),  # the position is the place itself, not its town hall
    Column("telephone", Text),
    Column("courriel", Text),
    Column("site_web", Text),
    Column("lien_source", Text),
    Column("status", Text, nullable=False),  # of all its dates: planned, or cancelled
    Column("ical", Text, nullable=False),  # its VEVENTs (RFC 5545), the one that recurs and those that differ
    Column("date_maj", Date),
    Column("vanished_at", Date),  # its source no longer has it since then
    Column("known_until", Instant),  # its dates until then are in `occurrences`
    Column("learnt_at", Instant, nullable=False),
    UniqueConstraint("source", "source_id"),
    Index(None, "initiative_id"),
)

# One date of an event. What was announced and is not to be any more stays, cancelled: people may count on it.
occurrences = Table(
    "occurrences",
    metadata,
    Column("event_id", BigId, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Column("original_at", Instant, primary_key=True),  # when it was to begin, whatever became of it (RECURRENCE-ID)
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("all_day", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("confirmed_at", Instant),  # when its organiser or a correspondent said it will take place
    Column("confirmed_role", Text),
    Column("z", BigInteger, nullable=False),  # the z-order key of the position; -1 for what has none
    Index(None, "z", "starts_at"),
    Index(None, "starts_at"),
)

# Calendars that are read again and again.
feeds = Table(
    "feeds",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("read_at", Instant),  # the last time it answered
    Column("next_at", Instant, nullable=False),
    Column("failures", Integer, nullable=False),  # in a row
    Column("error", Text),  # the last one, in words
)

# What a person asked to be told before a date; kept until the date is over, to tell what becomes of it.
reminders = Table(
    "reminders",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("event_id", BigId, ForeignKey("events.id", ondelete="CASCADE"), nullable=False),
    Column("original_at", Instant, nullable=False),
    Column("ahead", Text, nullable=False),  # "veille": the day before at 18:00; "heures": two hours before
    Column("due_at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # waiting, queued (in the outbox), told, missed
    Column("told_status", Text, nullable=False),  # what the person last knew of the date: planned, moved, cancelled
    Column("told_at", Instant, nullable=False),  # and when it was to begin
    Column("told_sure", Boolean, nullable=False),  # and whether its calendar still announced it
    Column("change_key", Text),  # the message that tells what became of the date, until it is known to have left
    UniqueConstraint("channel", "person", "event_id", "original_at", "ahead"),
    Index(None, "event_id", "original_at"),
)
Index(
    "ix_reminders_due",
    reminders.c.due_at,
    sqlite_where=reminders.c.state == "waiting",
    postgresql_where=reminders.c.state == "waiting",
)

# "Prévenez-moi des prochains": a commune, and a kind of event or all of them.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("code_insee", String(5), nullable=False),
    Column("kind", Text, nullable=False),  # "" for every kind
    Column("rhythm", Text, nullable=False),  # "dimanche": on Sunday at 18:00; "au-fil": as they come
    Column("told_until", Instant, nullable=False),  # nothing learnt of before is to be told
    Column("queued_key", Text),  # the last message, until it is known to have left
    Column("told_before", Instant),  # and what `told_until` was before it
    UniqueConstraint("channel", "person", "code_insee", "kind"),
)

# Who asked to be told if an entry closes or moves.
watches = Table(
    "watches",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("told", Text, nullable=False),  # what the person last knew: its status and its address
    Column("queued_key", Text),  # the last message, until it is known to have left
    Column("told_before", Text),  # and what the person knew before it
    Index(None, "initiative_id"),
)

# Who may do more than a resident. No name: a channel, and a number there.
roles = Table(
    "roles",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("kinds", JSON, nullable=False),  # of the entries looked after; [] for all
    # When they are asked what is still true, and how much: theirs to change.
    Column("weekly_budget", Integer, nullable=False),  # questions
    Column("weekday", Integer, nullable=False),  # 0 is Monday
    Column("hour", Integer, nullable=False),  # Europe/Paris
    Column("paused_until", Date),  # included
    UniqueConstraint("channel", "person", "role"),
)

# The territory of a role: the INSEE codes of communes, the codes of departments, the SIREN codes of intercommunalities.
mandates = Table(
    "mandates",
    metadata,
    Column("role_id", BigId, ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
    Column("code", String(9), primary_key=True),
    Index(None, "code"),
)

# The entries somebody runs: they are asked first of what is done there.
runs = Table(
    "runs",
    metadata,
    Column("role_id", BigId, ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "initiative_id"),
)

# Links that give a role, once. The link itself is not kept, only its digest.
invitations = Table(
    "invitations",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("codes", JSON, nullable=False),
    Column("initiatives", JSON, nullable=False),  # the ids of those this person runs
    Column("kinds", JSON, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("by_role", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

# Invitations that were opened and give nothing, in the last hour. Neither the link nor the person is kept.
tries = Table(
    "tries",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("digest", String(64), nullable=False),  # of the channel and the person
    Column("at", Instant, nullable=False),
    Index(None, "channel", "at"),
)

# Every change of role: who had it is not said.
role_changes = Table(
    "role_changes",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("change", Text, nullable=False),  # invited, accepted, revoked, left
    Column("role", Text, nullable=False),
    Column("codes", JSON, nullable=False),
    Column("by_role", Text),  # None: the person themselves
)

# "Maintenu ?": who was asked whether a date takes place, and what they said.
askings = Table(
    "askings",
    metadata,
    Column("role_id", BigId, ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
    Column("event_id", BigId, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True),
    Column("original_at", Instant, primary_key=True),
    Column("asked_at", Instant, nullable=False),
    Column("answer", Text),  # oui, annule, ne-sais-pas; None: silence
    Index(None, "event_id", "original_at"),
)

# "Toujours vrai ?": an entry put to somebody, and what they said of it. Of a role that ended, the question stays.
checks = Table(
    "checks",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), nullable=False),
    Column("role_id", BigId, ForeignKey("roles.id", ondelete="SET NULL")),
    Column("role", Text, nullable=False),
    Column("departement", String(3)),
    Column("asked_at", Instant, nullable=False),
    Column("reminded_at", Instant),  # silence is broken once
    Column("again_at", Instant),  # "plus tard": when it is put again
    Column("answered_at", Instant),
    Column("answer", Text),  # catalogue.needs.Verdict; None: silence
    Column("method", Text),
    Index(None, "initiative_id"),
    Index(None, "role_id"),
)

# "Signaler une erreur". Who said it is known only until it is settled, to count each once and to tell them.
reports = Table(
    "reports",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("words", Text),
    Column("channel", Text),
    Column("person", Text),
    Column("by_role", Text),  # None: a resident
    Column("to_be_told", Boolean, nullable=False),  # they wish to hear what becomes of it
    Column("at", Instant, nullable=False),
    Column("put_to", BigId, ForeignKey("roles.id", ondelete="SET NULL")),  # who was asked last
    Column("put_at", Instant),
    Column("times_put", Integer, nullable=False),
    Column("settled_at", Instant),
    Column("settled_role", Text),
    Column("outcome", Text),
    Index(None, "initiative_id"),
)
Index(
    "ix_reports_open",
    reports.c.at,
    sqlite_where=reports.c.settled_at.is_(None),
    postgresql_where=reports.c.settled_at.is_(None),
)

# What several people said of an entry, shown on its card until somebody settles it.
warnings = Table(
    "warnings",
    metadata,
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# Corrections made in a conversation: what can be undone, and those of the same field that one person must settle.
corrections = Table(
    "corrections",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), nullable=False),
    Column("field", Text, nullable=False),
    Column("before", JSON, nullable=False),  # columns of the entry
    Column("after", JSON, nullable=False),
    Column("role_id", BigId, ForeignKey("roles.id", ondelete="SET NULL")),
    Column("role", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # applied, undone, waiting (for a decision), kept, refused
    Column("against_id", BigId),  # the correction it contradicts
    Column("put_to", BigId, ForeignKey("roles.id", ondelete="SET NULL")),  # who was asked to decide, last
    Column("put_at", Instant),
    Column("settled_at", Instant),
    Column("settled_role", Text),
    Index(None, "initiative_id"),
)

# What professionals say of an entry: what helped, for whom. Shown once a coordinator has read it.
reviews = Table(
    "reviews",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), nullable=False),
    Column("words", Text, nullable=False),
    Column("publics", JSON, nullable=False),
    Column("role_id", BigId, ForeignKey("roles.id", ondelete="SET NULL")),
    Column("role", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # waiting, published, refused
    Column("because", Text),  # why it was refused; None before that was asked
    Column("put_to", BigId, ForeignKey("roles.id", ondelete="SET NULL")),  # who was asked to read it, last
    Column("put_at", Instant),
    Column("settled_at", Instant),
    Column("settled_role", Text),
    Index(None, "initiative_id"),
)

# One question put of a chosen set of entries ("avez-vous une salle fraîche cet été ?").
campaigns = Table(
    "campaigns",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("question", Text, nullable=False),
    Column("codes", JSON, nullable=False),
    Column("kinds", JSON, nullable=False),  # [] for all
    Column("role", Text, nullable=False),  # of who asks
    Column("at", Instant, nullable=False),
    Column("ends_on", Date, nullable=False),  # included
)

campaign_answers = Table(
    "campaign_answers",
    metadata,
    Column("campaign_id", BigId, ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", BigId, ForeignKey("roles.id", ondelete="SET NULL")),
    Column("asked_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("answer", Text),  # oui, non, ne-sais-pas; None: silence
    Index(None, "role_id"),
    Index(None, "initiative_id"),
)

# What is proposed for the matrix of needs and kinds.
proposals = Table(
    "proposals",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("words", Text, nullable=False),
    Column("codes", JSON, nullable=False),  # of the territory it comes from
    Column("role", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("settled_at", Instant),
)

# Photos of posters, for those who answer for an entry. Nothing says who sent one.
photos = Table(
    "photos",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE")),  # None until it is attached
    Column("jpeg", LargeBinary, nullable=False),  # without metadata (catalogue.pictures)
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("attached_at", Instant),
    Column("by_role", Text),  # of who attached it
    Index(None, "initiative_id"),
    sqlite_autoincrement=True,  # an old button never shows another photo
)

# A photo that was sent when one was asked for, to be fetched where the channel keeps it: the last of each person.
photo_fetches = Table(
    "photo_fetches",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reference", Text, nullable=False),  # what the channel calls it
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),  # when it is tried next
    Column("attempts", Integer, nullable=False),
    UniqueConstraint("channel", "person"),
    sqlite_autoincrement=True,
)

# How many people opened an entry, each day: numbers, nobody.
views = Table(
    "views",
    metadata,
    Column("initiative_id", BigId, ForeignKey("initiatives.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("people", Integer, nullable=False),
)

# What somebody is adding to the guide, to be gone on with later.
drafts = Table(
    "drafts",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("content", JSON, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# Until when a channel asked to be left alone (429): true for every process that sends, and after a restart.
holds = Table(
    "holds",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("until", Instant, nullable=False),
)

# The last time each periodic work was done, and how it went.
ticks = Table(
    "ticks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("error", Text),  # the class of the last failure, None when it went well
)

# One row per shipped file: what was loaded, so that the next start has nothing to do.
loads = Table(
    "loads",
    metadata,
    Column("source", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("loaded_at", Instant, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("state", JSON(none_as_null=True)),
    Column("history", JSON, nullable=False),  # the web page shows it again; dropped with the conversation
    Column("updated_at", Instant, nullable=False),
    # No index for the hourly forgetting, here and below: it reads a day's rows once; each turn would pay for it.
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("key", Text, nullable=False),  # Telegram's update_id, or the web form's one-use number
    Column("person", Text, nullable=False),
    Column("event", JSON(none_as_null=True)),  # emptied once handled: what was said is not kept here
    Column("origin", JSON(none_as_null=True)),
    Column("received_at", Instant, nullable=False),
    Column("handled_at", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    UniqueConstraint("channel", "key"),
    sqlite_autoincrement=True,
)
Index(
    "ix_inbox_unhandled",
    inbox.c.channel,
    inbox.c.person,
    inbox.c.id,
    sqlite_where=inbox.c.handled_at.is_(None),
    postgresql_where=inbox.c.handled_at.is_(None),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("message", JSON(none_as_null=True)),  # emptied once it is settled
    Column("dedupe_key", Text, nullable=False, unique=True),
    Column("urgency", Integer, nullable=False),  # 0: an answer, 1: to be told at once, 2: in its time; the least first
    Column("state", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("leased_until", Instant),
    Column("attempts", Integer, nullable=False),
    Column("resent", Boolean, nullable=False),  # may have reached the person twice
    Column("settled_at", Instant),
    Column("error", Text),  # the class of the failure, never what it said
    sqlite_autoincrement=True,
)
# What has not ended its way: few rows, however many were sent. "is null" and not a list of states, because an engine
# only uses such an index when it can see in the statement itself that the condition holds.
for _name, _columns in {
    "ix_outbox_due": (outbox.c.channel, outbox.c.urgency, outbox.c.due_at, outbox.c.id),
    "ix_outbox_unsettled": (outbox.c.channel, outbox.c.person, outbox.c.id),
}.items():
    Index(_name, *_columns, sqlite_where=outbox.c.settled_at.is_(None), postgresql_where=outbox.c.settled_at.is_(None))
