"""Who was asked to settle a disagreement, or to read an avis: it is taken off their weekly questions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = "corrections", "reviews"


def upgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(
                sa.Column("put_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
            )
            batch_op.create_foreign_key(
                batch_op.f(f"fk_{table}_put_to"), "roles", ["put_to"], ["id"], ondelete="SET NULL"
            )


def downgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"fk_{table}_put_to"), type_="foreignkey")
            batch_op.drop_column("put_to")
