"""Statements written out once: what PostgreSQL is served."""

from coordination.kit.written import Written


def test_a_value_named_twice_is_given_once_and_a_percent_sign_stays_one() -> None:
    words, names = Written("select %(a)s, %(b)s where %(a)s like 'x%%'").served
    assert (words, names) == (b"select $1, $2 where $1 like 'x%'", ["a", "b"])
