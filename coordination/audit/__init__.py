"""The journal: who did what, to which file, in an unbroken chain."""
