"""The page measured against: the rows ours shows, by one SQL query and one Jinja template, and nothing else."""

import os
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from coordination.kit.engine import OPTIONS
from coordination.referrals.asking import MANY
from coordination.referrals.machine import State

FILE = """
select h.code, h.opened_at, h.closed_at, o.name as holder, f.address, f.phone, f.email, f.commune, f.housing, f.origin,
       f.family_situation, f.representative_name, f.updated_at, u.name as updated_by, c.words as care,
       t.since as protected,
  (select json_agg(json_build_array(p.family_name, p.given_name, p.birth_date, s.link, s.weight, a.activity) order by
     s.from_date) from person p join stay s on s.person_id = p.id left join person_activity a on a.person_id = p.id
     where p.household_id = h.id) as people,
  (select json_agg(json_build_array(w.name, s.scope, s.audience, s.valid_until)) from share s
     join organisation w on w.id = s.organisation_id where s.household_id = h.id and s.revoked_at is null) as shares,
  (select json_agg(json_build_array(a.purpose, a.valid_from, a.valid_until, a.withdrawn_at,
     (select json_agg(x.answer) from agreement_person x where x.agreement_id = a.id),
     (select json_agg(x.part) from agreement_part x where x.agreement_id = a.id))) from agreement a
     where a.household_id = h.id) as agreements,
  (select json_agg(json_build_array(w.name, r.parts, r.purpose, r.asked_at)) from access_request_file x
     join access_request r on r.id = x.id join organisation w on w.id = r.organisation_id
     where x.household_id = h.id and r.state = 'asked') as requests,
  (select json_agg(json_build_array(a.reference_date, a.status, w.name, m.name)) from assessment a
     join organisation w on w.id = a.organisation_id
     left join membership m on m.id = coalesce(a.validated_by, a.created_by) where a.household_id = h.id) as budgets,
  (select json_agg(json_build_array(l.side, l.kind, l.amount_cents)) from budget_line l
     where l.assessment_id in (select a.id from assessment a where a.household_id = h.id)) as lines,
  (select json_agg(r.result) from assessment_result r
     where r.assessment_id in (select a.id from assessment a where a.household_id = h.id)) as results,
  (select json_agg(json_build_array(d.proposed, d.retained, d.reason, d.decided_at)) from budget_decision d
     where d.household_id = h.id) as decisions,
  (select json_agg(json_build_array(n.domain, n.summary, n.opened_at, w.name, r.state, r.sent_at, x.name, v.name))
     from need n join organisation w on w.id = n.organisation_id left join referral r on r.need_id = n.id
     left join organisation x on x.id = r.to_organisation_id left join outside_service v on v.id = r.to_service_id
     where n.household_id = h.id) as needs,
  (select json_agg(json_build_array(m.name, x.since)) from referent x join membership m on m.id = x.membership_id
     where x.household_id = h.id) as referents,
  (select json_agg(json_build_array(x.what, x.due_on, x.done_at, m.name)) from task x
     left join membership m on m.id = x.assigned_to where x.household_id = h.id) as tasks,
  (select json_agg(json_build_array(x.met_on, x.medium, x.with_whom, x.words, m.name)) from contact x
     join membership m on m.id = x.written_by where x.household_id = h.id and x.cancelled_at is null) as contacts,
  (select json_agg(json_build_array(x.written_at, x.words, m.name)) from note x
     join membership m on m.id = x.written_by where x.household_id = h.id) as notes,
  (select json_agg(json_build_array(x.words, x.until_date, x.state, w.name)) from goal x
     join organisation w on w.id = x.organisation_id where x.household_id = h.id) as goals,
  (select json_agg(json_build_array(x.creditor_kind, x.creditor, x.amount_cents, x.instalment_cents, w.name))
     from debt x join organisation w on w.id = x.organisation_id where x.household_id = h.id) as debts,
  (select json_agg(json_build_array(x.kind, x.seen_on, w.name)) from document_seen x
     join organisation w on w.id = x.organisation_id where x.household_id = h.id) as documents,
  (select json_agg(json_build_array(k.code, x.merged_at)) from merge x join household k on k.id = x.absorbed_id
     where x.household_id = h.id and x.undone_at is null) as merges
  from household h join organisation o on o.id = h.holder_organisation_id
  join household_profile f on f.household_id = h.id left join membership u on u.id = f.updated_by
  left join safe_contact c on c.household_id = h.id
  left join protection t on t.household_id = h.id and t.lifted_at is null where h.id = %s
"""
QUEUE = """
with line as (
  select * from referral r where r.network_id = %(network)s and r.state = 'closed'
   order by r.sent_at desc, r.id desc limit 25)
select
  (select json_agg(json_build_array(r.household_code, p.family_name, p.given_name, n.domain, r.state, r.sent_at, a.name,
     b.name, m.name) order by r.sent_at desc, r.id desc) from line r
     join organisation a on a.id = r.from_organisation_id join organisation b on b.id = r.to_organisation_id
     join need n on n.id = r.need_id join stay s on s.household_id = r.household_id and s.link = 'reference'
     join person p on p.id = s.person_id left join referral_assignment g
       on g.referral_id = r.id and g.organisation_id = %(organisation)s
     left join membership m on m.id = g.membership_id) as lines,
  (select json_agg(json_build_array(state, (select count(*) from (select 1 from referral r
     where r.network_id = %(network)s and r.state = states.state limit %(many)s) counted)))
     from unnest(%(states)s::text[]) states(state)) as counts,
  (select json_agg(json_build_array(id, name) order by name) from organisation
     where network_id = %(network)s) as partners,
  (select json_agg(json_build_array(id, name) order by name) from outside_service
     where network_id = %(network)s) as services,
  (select json_agg(json_build_array(id, name) order by name) from membership
     where organisation_id = %(organisation)s and suspended_at is null) as followers,
  (select json_agg(json_build_array(query, name) order by name) from saved_filter
     where membership_id in (select id from membership where organisation_id = %(organisation)s)) as kept
"""
PAGES = Environment(autoescape=True)
CELLS = "<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>"
TABLE = "<table>{% for row in ROWS or [] %}" + CELLS + "{% endfor %}</table>"
FILE_PAGE = PAGES.from_string(
    "<!doctype html><html lang=fr><title>{{ f.code }}</title><h1>{{ f.code }} {{ f.holder }} {{ f.opened_at }}</h1>"
    "<p>{{ f.address }} {{ f.commune }} {{ f.phone }} {{ f.email }} {{ f.housing }} {{ f.origin }} {{ f.closed_at }}"
    " {{ f.family_situation }} {{ f.representative_name }} {{ f.updated_at }} {{ f.updated_by }} {{ f.care }}"
    " {{ f.protected }}</p>{% for part in (f.people, f.shares, f.agreements, f.requests, f.budgets, f.lines,"
    " f.decisions, f.needs, f.referents, f.tasks, f.contacts, f.notes, f.goals, f.debts, f.documents, f.merges) %}"
    + TABLE.replace("ROWS", "part")
    + "{% endfor %}{% for r in f.results or [] %}<p>{{ r.per_day_euros }} {{ r.zone }}</p>{% endfor %}"
)
QUEUE_PAGE = PAGES.from_string(
    "<!doctype html><html lang=fr><title>Orientations</title>"
    "<ul>{% for state, n in q.counts %}<li>{{ state }} {{ n }}</li>{% endfor %}</ul>"
    "{% for offered in (q.partners, q.services, q.followers, q.kept) %}<select>"
    "{% for key, name in offered or [] %}<option value={{ key }}>{{ name }}</option>{% endfor %}</select>{% endfor %}"
    + TABLE.replace("ROWS", "q.lines")
)
STATES = [state.value for state in State]
app = FastAPI()
settings = {"row_factory": dict_row, "options": OPTIONS}
pool: ConnectionPool[Any] = ConnectionPool(
    os.environ.get("BENCH_URL", ""), min_size=0, max_size=8, open=False, kwargs=settings
)


@app.get("/file/{file}")
def file(file: UUID) -> HTMLResponse:
    pool.open()
    with pool.connection() as connection:
        return HTMLResponse(FILE_PAGE.render(f=connection.execute(FILE, [file]).fetchone()))


@app.get("/queue/{network}/{organisation}")
def queue(network: UUID, organisation: UUID) -> HTMLResponse:
    pool.open()
    asked = {"network": network, "organisation": organisation, "states": STATES, "many": MANY + 1}
    with pool.connection() as connection:
        return HTMLResponse(QUEUE_PAGE.render(q=connection.execute(QUEUE, asked).fetchone()))
