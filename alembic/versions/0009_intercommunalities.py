"""The territory of a role may be an intercommunality: the code of one has nine figures."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.alter_column(
            "code", existing_type=sa.String(length=5), type_=sa.String(length=9), existing_nullable=False
        )


def downgrade() -> None:
    op.execute("DELETE FROM mandates WHERE length(code) > 5")
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.alter_column(
            "code", existing_type=sa.String(length=9), type_=sa.String(length=5), existing_nullable=False
        )
