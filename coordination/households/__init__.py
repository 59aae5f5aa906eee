"""Household files: people, composition in time, contact, and the `share` table that says who sees them."""
