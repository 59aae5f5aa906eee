"""What became of the referrals, in figures that name nobody."""
