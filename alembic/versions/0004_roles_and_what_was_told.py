"""Roles, and what was told until it is known to have left."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_holds")),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("initiatives", sa.JSON(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitations_digest")),
    )
    op.create_table(
        "role_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("by_role", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_changes")),
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("channel", "person", "role", name=op.f("uq_roles_channel_person_role")),
    )
    op.create_table(
        "mandates",
        sa.Column("role_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=5), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("fk_mandates_role_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("role_id", "code", name=op.f("pk_mandates")),
    )
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mandates_code"), ["code"], unique=False)

    op.create_table(
        "runs",
        sa.Column("role_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("initiative_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["initiative_id"], ["initiatives.id"], name=op.f("fk_runs_initiative_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("fk_runs_role_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("role_id", "initiative_id", name=op.f("pk_runs")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_initiative_id"), ["initiative_id"], unique=False)

    op.create_table(
        "askings",
        sa.Column("role_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("original_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_askings_event_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("fk_askings_role_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("role_id", "event_id", "original_at", name=op.f("pk_askings")),
    )
    with op.batch_alter_table("askings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_askings_event_id_original_at"), ["event_id", "original_at"], unique=False)

    # The last event that was told of, from before events said when they were learnt.
    op.execute("DELETE FROM loads WHERE source = 'au-fil'")
    long_ago = sa.text("'1970-01-01 00:00:00'")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=False, server_default=long_ago))
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.alter_column("learnt_at", server_default=None)

    unsettled = {name: sa.text("settled_at IS NULL") for name in ("sqlite_where", "postgresql_where")}
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("urgency", sa.Integer(), nullable=False, server_default="0"))
        batch_op.drop_index("ix_outbox_due", **unsettled)
    with op.batch_alter_table("outbox", schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.alter_column("urgency", server_default=None)
        batch_op.create_index("ix_outbox_due", ["channel", "urgency", "due_at", "id"], unique=False, **unsettled)

    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_sure", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("change_key", sa.Text(), nullable=True))
    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.alter_column("told_sure", server_default=None)

    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("queued_key", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("told_before", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("watches", schema=None) as batch_op:
        batch_op.add_column(sa.Column("queued_key", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("told_before", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("watches", schema=None) as batch_op:
        batch_op.drop_column("told_before")
        batch_op.drop_column("queued_key")

    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_column("told_before")
        batch_op.drop_column("queued_key")

    with op.batch_alter_table("reminders", schema=None) as batch_op:
        batch_op.drop_column("change_key")
        batch_op.drop_column("told_sure")

    unsettled = {name: sa.text("settled_at IS NULL") for name in ("sqlite_where", "postgresql_where")}
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_due", **unsettled)
    with op.batch_alter_table("outbox", schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_column("urgency")
        batch_op.create_index("ix_outbox_due", ["channel", "due_at", "id"], unique=False, **unsettled)

    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_column("learnt_at")

    with op.batch_alter_table("askings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_askings_event_id_original_at"))

    op.drop_table("askings")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_runs_initiative_id"))

    op.drop_table("runs")
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mandates_code"))

    op.drop_table("mandates")
    op.drop_table("roles")
    op.drop_table("role_changes")
    op.drop_table("invitations")
    op.drop_table("holds")
