"""Referrals to services without an account: a mail that names nobody, and a link that answers for one referral."""
