"""Pages of household files: my files and the search, opening a file, the file itself, its people."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coordination.audit.service import note_reading, reading
from coordination.budgets import queries as budgets
from coordination.casework import queries as casework
from coordination.households import comparing, finding, merging, protection, queries, service
from coordination.households.forms import WEIGHTS, NewFileForm, PersonForm, ProfileForm, SearchForm
from coordination.households.rules import Activity, AddressKind, ClosingReason, FamilySituation, Housing, Link, Origin
from coordination.identity.permissions import Part, Permission
from coordination.identity.queries import ORGANISATIONS, know_names, member_names, names_ahead, organisations
from coordination.imports import queries as imports
from coordination.kit.actor import may
from coordination.kit.ahead import Together
from coordination.kit.clock import today
from coordination.kit.db import ActorSession
from coordination.kit.errors import NotNow, Stale
from coordination.kit.forms import FormState, read
from coordination.kit.web import Acting, Submitted, Walled, carry_out, go, needs, page, page_before
from coordination.referrals import queries as referrals
from coordination.sharing import queries as sharing
from coordination.sharing.rules import Decline

router = APIRouter(prefix="/foyers")
OPENED = reading("household.read", "Dossier ouvert à l’écran")
ROWS_OFFERED = 3
NAMES = names_ahead(queries.UPDATED_BY, budgets.AUTHORS, referrals.FOLLOWERS)
READ = Together(
    *queries.ASKED,
    protection.AROUND,
    merging.MERGES,
    *sharing.ASKED,
    *budgets.ASKED,
    casework.WRITTEN,
    *referrals.ASKED,
    imports.COUNTED,
    ORGANISATIONS,
    NAMES,
)
"""What the page of a file reads, in one question."""


# ------------------------------------------------------------------ my files, and the search


@router.get("", dependencies=[needs(Permission.SEARCH_FILES)])
def files(request: Request, session: Walled, partages: str = "", avant: str = "", cle: str = "") -> Response:
    """The files one's organisation holds, or those shared with it; and the search box."""
    held = partages != "oui"
    found = queries.files_page(session, held=held, before=page_before(avant, cle))
    last = found.rows[-1] if found.more else None
    return page(
        request,
        "households/files.html",
        title="Foyers",
        held=held,
        rows=found.rows,
        counts={"held": queries.counted(found.held), "shared": queries.counted(found.shared)},
        typed="",
        next_query=f"?partages={'' if held else 'oui'}&avant={last.opened_at.timestamp()}&cle={last.id}"
        if last
        else "",
    )


@router.post("/recherche", dependencies=[needs(Permission.SEARCH_FILES)])
def search(request: Request, data: Submitted, session: Walled) -> Response:
    """People found; a POST, so that no name ever stands in an address, a history or a log."""
    asked, form = read(SearchForm, data)
    hits = finding.search(session, asked.q) if asked and asked.q else []
    return page(
        request,
        "households/search.html",
        title="Recherche",
        block="hits",
        status=200 if asked else 422,
        hits=hits,
        twins=comparing.twins(session, hits) if may(session.member, Permission.EDIT_FILES) else {},
        typed=form.value("q"),
        fault=form.error("q"),
    )


# ------------------------------------------------------------------ opening a file


@router.get("/nouveau", dependencies=[needs(Permission.OPEN_FILES)])
def new_file(request: Request, session: Walled, member: Acting) -> Response:
    """A name, a composition and a commune are enough; most live in the commune of the organisation."""
    return _new(request, FormState.of({"commune": organisations(session)[member.organisation_id].commune}))


def _new(
    request: Request,
    form: FormState,
    status: int = 200,
    duplicates: list[finding.Hit] | None = None,
    known: bool | None = False,
) -> Response:
    return page(
        request,
        "households/new_file.html",
        title="Nouveau foyer",
        status=status,
        form=form,
        rows=range(max(ROWS_OFFERED, *(n + 1 for n in form.rows("people")), 0)),
        links=[(v, label) for v, label in Link.options() if v != Link.REFERENCE],
        duplicates=duplicates or [],
        known=known,
    )


@router.post("/nouveau", dependencies=[needs(Permission.OPEN_FILES)])
def open_file(request: Request, data: Submitted, session: Walled) -> Response:
    """Opens the file; a likely duplicate is told first, and beyond the wall only that a file exists."""
    asked, form = read(NewFileForm, data)
    if data.get("ajouter"):
        return _new(request, form.with_value(f"people-{len(form.rows('people')) + 1}-family_name", ""))
    if asked is None:
        return _new(request, form, 422)
    if asked.confirm != "oui":
        duplicates = finding.likely_duplicates(session, asked.family_name, asked.given_name, asked.birth_date)
        known = service.known_in_network(session, asked.family_name, asked.given_name, asked.birth_date)
        if duplicates or known is not False:
            return _new(request, form, 409, duplicates, known)
    made = service.open_file(session, asked)
    said = f"Dossier {made.code} créé. Ensuite : la situation, l’accord de chaque adulte, le budget, les besoins."
    return go(request, f"/foyers/{made.id}", said)


# ------------------------------------------------------------------ the file


@router.get("/{household_id}", dependencies=[needs(Permission.READ_FILES)])
def show(request: Request, household_id: UUID, session: Walled, member: Acting) -> Response:
    """Everything one may see of a household on one screen; its opening is written in the journal, last of all, since
    from that line to the commit the others of the network wait for theirs."""
    READ.ask(session, household_id)
    know_names(session, NAMES.of(session, household_id))
    header = queries.file_header(session, household_id)
    visible = queries.visible_parts(session, household_id)
    profile, protected, care = protection.around(session, household_id)
    updater = member_names(session, {profile.updated_by}) if profile and profile.updated_by else {}
    answer = page(
        request,
        "households/show.html",
        title=header.name or f"Dossier {header.code}",
        file=header,
        holder=organisations(session)[header.holder_organisation_id],
        holds=(holds := header.holder_organisation_id == member.organisation_id),
        edits=holds and header.closed_at is None and may(member, Permission.EDIT_FILES),
        closed_for=ClosingReason(header.closing_reason).label if header.closing_reason else "",
        visible=visible,
        Part=Part,
        profile=profile,
        protected=protected,
        care=care,
        words=_words,
        residents=(residents := queries.residents(session, household_id, today())),
        listed=imports.left_to_complete(session, household_id, [one.link for one in residents]),
        day=today(),
        updated_by=next(iter(updater.values()), ""),
        seen=sharing.who_sees(session, household_id),
        agreements=(agreements := sharing.agreements_of(session, household_id)),
        asked=lambda name: any(name == who for agreed in agreements for who, _ in agreed.answers),
        requests=sharing.requests_waiting(session, household_id),
        ending=sharing.ending_soon(session, household_id) if agreements else [],
        declines=[(reason.value, reason.label) for reason in Decline],
        budget=budgets.file_budget(session, household_id) if Part.BUDGET in visible else None,
        work=casework.casework_of(session, household_id),
        cases=referrals.needs_of(session, household_id) if Part.NEEDS in visible else None,
        merges=merging.merges_of(session, household_id),
        lives=queries.kept_files(session, [household_id])[household_id] if header.merged_into_id else header,
    )
    note_reading(session, OPENED, household_id)
    return answer


CHOICES = {
    "address_kind": dict(AddressKind.options()),
    "family_situation": dict(FamilySituation.options()),
    "housing": dict(Housing.options()),
    "origin": dict(Origin.options()),
    "link": dict(Link.options()),
    "weight": dict(WEIGHTS),
    "activity": dict(Activity.options()),
}
"""The words of the choices of a file and of a person, by field."""


def _words(field: str, value: str) -> str:
    """The label of a stored choice, or nothing when none was made."""
    return CHOICES[field][value] if value else ""


@router.get("/{household_id}/modifier", dependencies=[needs(Permission.EDIT_FILES)])
def edit_profile(request: Request, household_id: UUID, session: Walled) -> Response:
    """Where and how the household lives, to change."""
    queries.refuse_non_holder(session, household_id)
    profile = queries.profile_of(session, household_id)
    form = FormState.of(profile.model_dump() if profile else {})
    return _profile(request, session, household_id, form)


def _profile(
    request: Request, session: ActorSession, household_id: UUID, form: FormState, status: int = 200
) -> Response:
    return page(
        request,
        "households/edit_profile.html",
        title="Situation du foyer",
        status=status,
        file=queries.file_header(session, household_id),
        protected=protection.protection_of(session, household_id),
        form=form,
        address_kinds=AddressKind.options(),
        situations=FamilySituation.options(),
        housings=Housing.options(),
        origins=Origin.options(),
    )


@router.post("/{household_id}/modifier", dependencies=[needs(Permission.EDIT_FILES)])
def save_profile(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Saves the profile, unless somebody changed it meanwhile: then what was typed comes back."""
    asked, form = read(ProfileForm, data)
    if asked is None:
        queries.refuse_non_holder(session, household_id)
        return _profile(request, session, household_id, form, 422)
    try:
        service.update_profile(session, household_id, asked)
    except service.AddressKeptApart as refused:
        session.rollback()
        form.refuse("address", refused.sentence)
        return _profile(request, session, household_id, form, 409)
    except Stale as stale:
        session.rollback()
        current = queries.profile_of(session, household_id)
        form = form.with_value("version", str(current.version) if current else "0")
        form.refuse("form", f"{stale.sentence} {_who_changed(session, household_id)}".strip())
        form.set_beside(FormState.of(current.model_dump() if current else {}), CHOICES)
        return _profile(request, session, household_id, form, 409)
    return go(request, f"/foyers/{household_id}", "Situation du foyer enregistrée.")


def _who_changed(session: ActorSession, household_id: UUID) -> str:
    profile = queries.profile_of(session, household_id)
    if profile is None or profile.updated_by is None:
        return ""
    name = member_names(session, {profile.updated_by}).get(profile.updated_by, "")
    return f"Dernière modification : {name}." if name else ""


# ------------------------------------------------------------------ people


@router.get("/{household_id}/personnes/nouvelle", dependencies=[needs(Permission.EDIT_FILES)])
def new_person(request: Request, household_id: UUID, session: Walled) -> Response:
    """Somebody joins the household: most often under the name of its person of reference, proposed to be changed."""
    queries.refuse_non_holder(session, household_id)
    here = queries.residents(session, household_id)
    name = next((one.person.family_name for one in here if one.link is Link.REFERENCE), "")
    blank = FormState.of({"weight": "1", "version": "0", "family_name": name})
    return _person(request, session, household_id, None, blank)


@router.post("/{household_id}/personnes/nouvelle", dependencies=[needs(Permission.EDIT_FILES)])
def add_person(request: Request, household_id: UUID, data: Submitted, session: Walled) -> Response:
    """Adds the person."""
    asked, form = read(PersonForm, data)
    if asked is None:
        queries.refuse_non_holder(session, household_id)
        return _person(request, session, household_id, None, form, 422)
    try:
        service.add_person(session, household_id, asked)
    except NotNow as refused:
        session.rollback()
        form.refuse("link", refused.sentence)
        return _person(request, session, household_id, None, form, 409)
    return go(request, f"/foyers/{household_id}", "Personne ajoutée au foyer.")


@router.get("/{household_id}/personnes/{person_id}", dependencies=[needs(Permission.EDIT_FILES)])
def edit_person(request: Request, household_id: UUID, person_id: UUID, session: Walled) -> Response:
    """A person of the file, to correct."""
    queries.refuse_non_holder(session, household_id)
    found = queries.person_of(session, household_id, person_id)
    return _person(request, session, household_id, found, _stored(found))


def _stored(found: queries.Resident) -> FormState:
    until = found.stay.until_date
    return FormState.of(
        {
            "family_name": found.person.family_name,
            "given_name": found.person.given_name,
            "birth": str(found.birth),
            "link": found.link.value,
            "weight": f"{found.stay.weight.normalize():f}",
            "activity": found.activity.value if found.activity else "",
            "from_date": f"{found.stay.from_date:%d/%m/%Y}",
            "until_date": f"{until:%d/%m/%Y}" if until else "",
            "objected": "oui" if found.person.objected else "",
            "version": found.person.version,
        }
    )


@router.post("/{household_id}/personnes/{person_id}", dependencies=[needs(Permission.EDIT_FILES)])
def save_person(request: Request, household_id: UUID, person_id: UUID, data: Submitted, session: Walled) -> Response:
    """Saves the correction, unless somebody changed the person meanwhile."""
    queries.refuse_non_holder(session, household_id)

    def found() -> queries.Resident:
        return queries.person_of(session, household_id, person_id)

    def deed(asked: PersonForm) -> Response:
        service.update_person(session, household_id, person_id, asked)
        return go(request, f"/foyers/{household_id}", "Personne enregistrée.")

    def again(form: FormState, status: int) -> Response:
        now_known = found()
        if status == 409 and data.get("version") != str(now_known.person.version):
            form.set_beside(_stored(now_known), CHOICES)
        return _person(request, session, household_id, now_known, form, status)

    return carry_out(session, read(PersonForm, data), deed, again, lambda: found().person.version)


def _person(
    request: Request,
    session: ActorSession,
    household_id: UUID,
    found: queries.Resident | None,
    form: FormState,
    status: int = 200,
) -> Response:
    return page(
        request,
        "households/person.html",
        title=found.name if found else "Nouvelle personne",
        status=status,
        file=queries.file_header(session, household_id),
        found=found,
        form=form,
        links=Link.options(),
        weights=WEIGHTS,
        activities=Activity.options(),
    )
