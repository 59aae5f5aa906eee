"""`python -m coordination`: the command line."""

from coordination.cli import app

app(prog_name="coordination")
