"""Exchange and history."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "word_parts",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part", "word", name=op.f("pk_word_parts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "duplicates",
        sa.Column("first_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("second_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["first_id"], ["initiatives.id"], name=op.f("fk_duplicates_first_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["initiatives.id"], name=op.f("fk_duplicates_second_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_duplicates")),
    )
    with op.batch_alter_table("duplicates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duplicates_second_id"), ["second_id"], unique=False)

    op.create_table(
        "revisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("initiative_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["initiative_id"], ["initiatives.id"], name=op.f("fk_revisions_initiative_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
    )
    with op.batch_alter_table("revisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revisions_initiative_id"), ["initiative_id"], unique=False)

    op.create_table(
        "word_positions",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("z", sa.BigInteger(), nullable=False),
        sa.Column("initiative_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["initiative_id"], ["initiatives.id"], name=op.f("fk_word_positions_initiative_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("word", "z", "initiative_id", name=op.f("pk_word_positions")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("word_positions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_word_positions_initiative_id"), ["initiative_id"], unique=False)

    with op.batch_alter_table("initiatives", schema=None) as batch_op:
        batch_op.add_column(sa.Column("zones", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("season", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("vanished_at", sa.Date(), nullable=True))
        batch_op.add_column(
            sa.Column("merged_into", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(sa.Column("structure", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("notices", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("services", sa.JSON(), nullable=False, server_default="[]"))
    # What was there has none of these; what comes must say so.
    with op.batch_alter_table("initiatives", schema=None) as batch_op:
        batch_op.alter_column("zones", server_default=None)
        batch_op.alter_column("notices", server_default=None)
        batch_op.alter_column("services", server_default=None)
        batch_op.create_index(
            batch_op.f("ix_initiatives_code_insee_departement"), ["code_insee", "departement"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("initiatives", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_initiatives_code_insee_departement"))
        batch_op.drop_column("services")
        batch_op.drop_column("notices")
        batch_op.drop_column("structure")
        batch_op.drop_column("merged_into")
        batch_op.drop_column("vanished_at")
        batch_op.drop_column("season")
        batch_op.drop_column("zones")

    with op.batch_alter_table("word_positions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_word_positions_initiative_id"))

    op.drop_table("word_positions")
    with op.batch_alter_table("revisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_revisions_initiative_id"))

    op.drop_table("revisions")
    with op.batch_alter_table("duplicates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_duplicates_second_id"))

    op.drop_table("duplicates")
    op.drop_table("word_parts")
