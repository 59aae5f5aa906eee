"""Needs and referrals (orientations), until somebody knows what became of them."""
