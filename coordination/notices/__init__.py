"""Notices: what a member is told of her referrals, on screen and by mail; the worker that says so in time."""
