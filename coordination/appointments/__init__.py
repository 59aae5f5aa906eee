"""Appointments: a date between a household and the organisation a referral goes to, proposed, fixed, kept or missed."""
