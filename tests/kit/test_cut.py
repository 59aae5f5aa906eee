"""Connections that the server cuts: their places in the pool are free again."""

from coordination.kit.actor import Service
from coordination.kit.db import acting
from tests.conftest import Base
from tests.killing import killed


def test_a_server_that_cuts_more_connections_than_the_pool_holds_is_asked_again(shared_base: Base) -> None:
    """Before a question, before the commit; eight places are soon taken for good otherwise."""
    for turn in range(12):
        with killed(shared_base, shared_base.engine, 2 + turn % 3), acting(shared_base.engine, Service("x")) as session:
            session.rows("select 1")
            session.rows("select 2")
    with acting(shared_base.engine, Service("x")) as session:
        assert session.door("1") == 1
