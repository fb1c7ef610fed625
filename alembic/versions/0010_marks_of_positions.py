"""Each process holds the positions of needs; a mark says whether they are still true."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "need_marks",
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("need", name=op.f("pk_need_marks")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("need_marks")
