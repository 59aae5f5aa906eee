"""The link of a referral to a service without an account: a mail that names nobody, and doors that answer for one
referral."""
