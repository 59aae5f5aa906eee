"""The ground: networks, accounts, household files, agreements, budgets, referrals, journal."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "9ba6ad10fd30"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:

    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_folded", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email_folded"),
    )
    op.create_table(
        "network",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sign_in_attempt_key", "sign_in_attempt", ["key_hash", "at"], unique=False)
    op.create_table(
        "credential",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "journal",
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["network.id"],
        ),
        sa.PrimaryKeyConstraint("network_id", "number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("journal_household", "journal", ["network_id", "household_id"], unique=False)
    op.create_table(
        "journal_head",
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["network.id"],
        ),
        sa.PrimaryKeyConstraint("network_id"),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("commune", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["network.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "id"),
        sa.UniqueConstraint("network_id", "slug"),
    )
    op.create_table(
        "household",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("holder_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closing_reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "holder_organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id"],
            ["network.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "code"),
        sa.UniqueConstraint("network_id", "id"),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("professional", sa.Boolean(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("professional", sa.Boolean(), nullable=False),
        sa.Column("decider", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "id"),
    )
    op.create_index("membership_account", "membership", ["account_id"], unique=False)
    op.create_index("membership_organisation", "membership", ["network_id", "organisation_id"], unique=False)
    op.create_table(
        "agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("given_how", sa.String(), nullable=False),
        sa.Column("representative", sa.String(), nullable=False),
        sa.Column("notice_version", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "household_id", "id"),
    )
    op.create_index("agreement_household", "agreement", ["household_id"], unique=False)
    op.create_table(
        "access_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("parts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "id"),
    )
    op.create_index("access_request_asker", "access_request", ["organisation_id", "asked_at"], unique=False)
    op.create_table(
        "access_request_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "id"],
            ["access_request.network_id", "access_request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("agreement_ending", "agreement", ["organisation_id", "valid_until"], unique=False)
    op.create_table(
        "share_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("share_review_organisation", "share_review", ["organisation_id", "household_id"], unique=False)
    op.create_index("access_request_household", "access_request_file", ["household_id"], unique=False)
    op.create_table(
        "assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reference_date", sa.Date(), nullable=False),
        sa.Column("composition", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("validated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("validated_by", sa.Uuid(), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "household_id", "id"),
    )
    op.create_index("assessment_household", "assessment", ["household_id", "status"], unique=False)
    op.create_index("assessment_author", "assessment", ["created_by", "status", "created_at"], unique=False)
    op.create_table(
        "browser_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("device", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["membership.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("browser_session_account", "browser_session", ["account_id"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "membership_id"],
            ["membership.network_id", "membership.id"],
        ),
        sa.PrimaryKeyConstraint("membership_id", "key_hash"),
    )
    op.create_index("household_opened", "household", ["network_id", "opened_at", "id"])
    op.create_table(
        "household_profile",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("commune", sa.String(), nullable=False),
        sa.Column("address_kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("family_situation", sa.String(), nullable=False),
        sa.Column("housing", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("representative_name", sa.String(), nullable=False),
        sa.Column("representative_link", sa.String(), nullable=False),
        sa.Column("representative_phone", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("household_id"),
    )
    op.create_table(
        "need",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "household_id", "id"),
    )
    op.create_index("need_household", "need", ["household_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("birth_precision", sa.String(), nullable=False),
        sa.Column("deceased_on", sa.Date(), nullable=True),
        sa.Column("name_folded", sa.String(), nullable=False),
        sa.Column("name_grams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "household_id", "id"),
    )
    op.create_index("person_birth", "person", ["network_id", "birth_date"], unique=False)
    op.create_index("person_grams", "person", ["name_grams"], unique=False, postgresql_using="gin")
    op.create_index("person_household", "person", ["household_id"], unique=False)
    op.create_table(
        "share",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("holder_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("agreement_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id", "holder_organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("share_agreement", "share", ["agreement_id"], unique=False)
    op.create_index("share_household", "share", ["household_id", "organisation_id", "scope"], unique=False)
    op.create_index("share_organisation", "share", ["organisation_id", "scope", "household_id"], unique=False)
    op.create_table(
        "agreement_part",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "agreement_id"],
            ["agreement.network_id", "agreement.household_id", "agreement.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("agreement_id", "organisation_id", "part"),
    )
    op.create_table(
        "agreement_person",
        sa.Column("agreement_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "agreement_id"],
            ["agreement.network_id", "agreement.household_id", "agreement.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "person_id"],
            ["person.network_id", "person.household_id", "person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("agreement_id", "person_id"),
    )
    op.create_table(
        "assessment_result",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("bareme_code", sa.String(), nullable=False),
        sa.Column("bareme_version", sa.String(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "assessment_id"],
            ["assessment.network_id", "assessment.household_id", "assessment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("assessment_result_assessment", "assessment_result", ["assessment_id"], unique=False)
    op.create_table(
        "budget_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("paid_to_landlord", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "assessment_id"],
            ["assessment.network_id", "assessment.household_id", "assessment.id"],
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "household_id", "id"),
    )
    op.create_index("budget_line_assessment", "budget_line", ["assessment_id"], unique=False)
    op.create_table(
        "person_activity",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "person_id"],
            ["person.network_id", "person.household_id", "person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_index("person_activity_household", "person_activity", ["household_id"], unique=False)
    op.create_table(
        "referral",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("household_code", sa.String(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("from_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("to_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("public_domain", sa.String(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.Uuid(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "from_organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "need_id"],
            ["need.network_id", "need.household_id", "need.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "to_organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "household_id", "id"),
        sa.UniqueConstraint("network_id", "id"),
    )
    op.create_index("referral_from", "referral", ["from_organisation_id", "state", "sent_at", "id"], unique=False)
    op.create_index("referral_household", "referral", ["household_id"], unique=False)
    op.create_index("referral_network", "referral", ["network_id", "state", "sent_at", "id"], unique=False)
    op.create_index("referral_to", "referral", ["to_organisation_id", "state", "sent_at", "id"], unique=False)
    op.create_table(
        "past_address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("commune", sa.String(), nullable=False),
        sa.Column("address_kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("until_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("past_address_household", "past_address", ["household_id", "until_date"], unique=False)
    op.create_table(
        "person_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("other_household_id", sa.Uuid(), nullable=False),
        sa.Column("other_person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "person_id"],
            ["person.network_id", "person.household_id", "person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "other_household_id", "other_person_id"],
            ["person.network_id", "person.household_id", "person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "other_person_id"),
    )
    op.create_table(
        "stay",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("weight", sa.Numeric(precision=5, scale=3), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("until_date", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "person_id"],
            ["person.network_id", "person.household_id", "person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("stay_household", "stay", ["household_id"], unique=False)
    op.create_index("stay_person", "stay", ["person_id"], unique=False)
    op.create_table(
        "budget_line_detail",
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "line_id"],
            ["budget_line.network_id", "budget_line.household_id", "budget_line.id"],
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("line_id"),
    )
    op.create_table(
        "referral_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "referral_id"],
            ["referral.network_id", "referral.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("referral_event_referral", "referral_event", ["referral_id", "at"], unique=False)
    op.create_table(
        "referral_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "referral_id"],
            ["referral.network_id", "referral.household_id", "referral.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("referral_text_referral", "referral_text", ["referral_id"], unique=False)

    op.create_table(
        "network_question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("network_question_member", "network_question", ["membership_id", "kind", "at"], unique=False)
    op.create_table(
        "note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id", "organisation_id", "replaces"],
            ["note.network_id", "note.household_id", "note.organisation_id", "note.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("network_id", "household_id", "organisation_id", "id"),
        sa.UniqueConstraint("replaces"),
    )
    op.create_index("note_household", "note", ["household_id", "organisation_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("met_on", sa.Date(), nullable=False),
        sa.Column("medium", sa.String(), nullable=False),
        sa.Column("with_whom", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("contact_household", "contact", ["household_id", "met_on"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("assigned_to", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assigned_to"],
            ["membership.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("task_assigned", "task", ["assigned_to", "done_at", "due_on"], unique=False)
    op.create_index("task_household", "task", ["household_id", "organisation_id"], unique=False)
    op.create_table(
        "referent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["membership.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("household_id", "organisation_id"),
    )
    op.create_index("referent_membership", "referent", ["membership_id"], unique=False)
    op.create_table(
        "debt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("creditor_kind", sa.String(), nullable=False),
        sa.Column("creditor", sa.String(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.Boolean(), nullable=False),
        sa.Column("instalment_cents", sa.BigInteger(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("debt_household", "debt", ["household_id"], unique=False)
    op.create_table(
        "goal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("until_date", sa.Date(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("goal_household", "goal", ["household_id"], unique=False)
    op.create_table(
        "document_seen",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("network_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["network_id", "household_id"],
            ["household.network_id", "household.id"],
        ),
        sa.ForeignKeyConstraint(
            ["network_id", "organisation_id"],
            ["organisation.network_id", "organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("document_seen_household", "document_seen", ["household_id"], unique=False)


def downgrade() -> None:

    op.drop_index("document_seen_household", table_name="document_seen")
    op.drop_table("document_seen")
    op.drop_index("goal_household", table_name="goal")
    op.drop_table("goal")
    op.drop_index("debt_household", table_name="debt")
    op.drop_table("debt")
    op.drop_index("referent_membership", table_name="referent")
    op.drop_table("referent")
    op.drop_index("task_household", table_name="task")
    op.drop_index("task_assigned", table_name="task")
    op.drop_table("task")
    op.drop_index("contact_household", table_name="contact")
    op.drop_table("contact")
    op.drop_index("note_household", table_name="note")
    op.drop_table("note")
    op.drop_table("network_question")
    op.drop_index("referral_text_referral", table_name="referral_text")
    op.drop_table("referral_text")
    op.drop_index("referral_event_referral", table_name="referral_event")
    op.drop_table("referral_event")
    op.drop_table("budget_line_detail")
    op.drop_index("stay_person", table_name="stay")
    op.drop_index("stay_household", table_name="stay")
    op.drop_table("stay")
    op.drop_index("referral_to", table_name="referral")
    op.drop_index("referral_network", table_name="referral")
    op.drop_index("referral_household", table_name="referral")
    op.drop_index("referral_from", table_name="referral")
    op.drop_table("referral")
    op.drop_index("person_activity_household", table_name="person_activity")
    op.drop_table("person_activity")
    op.drop_table("person_link")
    op.drop_index("past_address_household", table_name="past_address")
    op.drop_table("past_address")
    op.drop_index("budget_line_assessment", table_name="budget_line")
    op.drop_table("budget_line")
    op.drop_index("assessment_result_assessment", table_name="assessment_result")
    op.drop_table("assessment_result")
    op.drop_table("agreement_person")
    op.drop_table("agreement_part")
    op.drop_index("share_organisation", table_name="share")
    op.drop_index("share_household", table_name="share")
    op.drop_index("share_agreement", table_name="share")
    op.drop_table("share")
    op.drop_index("person_household", table_name="person")
    op.drop_index("person_grams", table_name="person", postgresql_using="gin")
    op.drop_index("person_birth", table_name="person")
    op.drop_table("person")
    op.drop_index("need_household", table_name="need")
    op.drop_table("need")
    op.drop_table("household_profile")
    op.drop_table("idempotency")
    op.drop_index("browser_session_account", table_name="browser_session")
    op.drop_table("browser_session")
    op.drop_index("assessment_household", table_name="assessment")
    op.drop_table("assessment")
    op.drop_index("agreement_household", table_name="agreement")
    op.drop_table("share_review")
    op.drop_table("access_request_file")
    op.drop_table("access_request")
    op.drop_table("agreement")
    op.drop_index("membership_organisation", table_name="membership")
    op.drop_index("membership_account", table_name="membership")
    op.drop_table("membership")
    op.drop_table("invitation")
    op.drop_table("household")
    op.drop_table("organisation")
    op.drop_table("journal_head")
    op.drop_index("journal_household", table_name="journal")
    op.drop_table("journal")
    op.drop_table("credential")
    op.drop_index("sign_in_attempt_key", table_name="sign_in_attempt")
    op.drop_table("sign_in_attempt")
    op.drop_table("network")
    op.drop_table("account")

