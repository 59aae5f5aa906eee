"""The page measured against: the same rows by one SQL query, one Jinja template, and nothing else."""

import os
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

FILE = """
select h.code, h.opened_at, o.name as holder, f.address, f.phone, f.commune, f.housing,
  (select json_agg(json_build_array(p.family_name, p.given_name, p.birth_date, s.link))
     from person p join stay s on s.person_id = p.id where p.household_id = h.id) as people,
  (select json_agg(json_build_array(w.name, s.scope, s.valid_until)) from share s
     join organisation w on w.id = s.organisation_id where s.household_id = h.id) as shares,
  (select json_agg(json_build_array(a.purpose, a.valid_from, a.valid_until)) from agreement a
     where a.household_id = h.id) as agreements,
  (select json_agg(json_build_array(l.side, l.kind, l.amount_cents)) from budget_line l
     where l.assessment_id = (select a.id from assessment a where a.household_id = h.id limit 1)) as lines,
  (select json_agg(r.result) from assessment_result r
     where r.assessment_id = (select a.id from assessment a where a.household_id = h.id limit 1)) as results,
  (select json_agg(json_build_array(n.domain, n.summary, r.state, r.sent_at)) from need n
     left join referral r on r.need_id = n.id where n.household_id = h.id) as needs
  from household h join organisation o on o.id = h.holder_organisation_id
  join household_profile f on f.household_id = h.id where h.id = %s
"""
QUEUE = """
select r.id, r.household_code, r.public_domain, r.state, r.sent_at, a.name as sender, b.name as receiver, n.domain,
       p.family_name, p.given_name
  from referral r join organisation a on a.id = r.from_organisation_id
  join organisation b on b.id = r.to_organisation_id
  join need n on n.id = r.need_id join stay s on s.household_id = r.household_id and s.link = 'reference'
  join person p on p.id = s.person_id
 where r.network_id = %s and r.state = 'closed' order by r.sent_at desc, r.id desc limit 25
"""
PAGES = Environment(autoescape=True)
FILE_PAGE = PAGES.from_string(
    "<!doctype html><html lang=fr><title>{{ f.code }}</title><h1>{{ f.code }} {{ f.holder }} {{ f.opened_at }}</h1>"
    "<p>{{ f.address }} {{ f.commune }} {{ f.phone }} {{ f.housing }}</p>"
    "{% for part in (f.people, f.shares, f.agreements, f.lines, f.needs) %}<table>{% for row in part or [] %}"
    "<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>{% endfor %}"
    "{% for r in f.results or [] %}<p>{{ r.per_day_euros }} {{ r.zone }}</p>{% endfor %}"
)
QUEUE_PAGE = PAGES.from_string(
    "<!doctype html><html lang=fr><title>Orientations</title><table>{% for r in rows %}<tr><td>{{ r.household_code }}"
    "<td>{{ r.family_name }} {{ r.given_name }}<td>{{ r.domain }}<td>{{ r.state }}<td>{{ r.sent_at }}<td>{{ r.sender }}"
    "<td>{{ r.receiver }}</tr>{% endfor %}</table>"
)
app = FastAPI()
pool: ConnectionPool[Any] = ConnectionPool(
    os.environ.get("BENCH_URL", ""), min_size=0, max_size=8, open=False, kwargs={"row_factory": dict_row}
)


@app.get("/file/{file}")
def file(file: UUID) -> HTMLResponse:
    pool.open()
    with pool.connection() as connection:
        return HTMLResponse(FILE_PAGE.render(f=connection.execute(FILE, [file]).fetchone()))


@app.get("/queue/{network}")
def queue(network: UUID) -> HTMLResponse:
    pool.open()
    with pool.connection() as connection:
        return HTMLResponse(QUEUE_PAGE.render(rows=connection.execute(QUEUE, [network]).fetchall()))
