"""Column types used everywhere: moments with a time zone, weights without binary floats, sets of days."""

from datetime import date
from typing import Any

import psycopg
from psycopg.types.string import TextLoader
from sqlalchemy import DateTime, Numeric
from sqlalchemy.types import UserDefinedType

Moment = DateTime(timezone=True)
Weight = Numeric(5, 3)


class Days(UserDefinedType[str]):
    """Days, from one to another, several times perhaps. Read as PostgreSQL writes them, for `falls_in`: most are never
    looked at."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "DATEMULTIRANGE"


psycopg.adapters.register_loader("datemultirange", TextLoader)


def falls_in(day: date, days: str) -> bool:
    """Whether a day is one of these: `{[2026-01-01,2026-02-01),[2026-03-01,)}`, the last day of each left out."""
    written = day.isoformat()
    for one in days.strip("{}").split("),"):
        first, _, last = one.strip("[()").partition(",")
        if one and first <= written and (not last or written < last or len(last) > len(written)):
            return True
    return False
