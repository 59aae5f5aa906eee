"""Column types used everywhere: moments with a time zone, weights without binary floats."""

from sqlalchemy import DateTime, Numeric

Moment = DateTime(timezone=True)
Weight = Numeric(5, 3)
