"""Networks, organisations, accounts, memberships and how people sign in."""
