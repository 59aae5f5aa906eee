"""Plays a story: each deed by the member who would do it, through the real services, on the day it happened."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from coordination.budgets import service as budgets
from coordination.budgets.bareme import ZoneKind
from coordination.budgets.deciding import decide, questions_of
from coordination.budgets.forms import BudgetForm
from coordination.budgets.routing import DecisionForm
from coordination.casework import service as casework
from coordination.casework.forms import ContactForm, DebtForm, DocumentsForm, GoalForm, NoteForm, TaskForm
from coordination.casework.rules import CreditorKind, DocumentKind, Medium
from coordination.demo import words
from coordination.demo.figures import Budget, earlier
from coordination.demo.lives import Life
from coordination.demo.people import Family, Human
from coordination.demo.published import Planned
from coordination.demo.stories import Agreed, Depth, Draft, Given, Heard, Sent, Story, Wanted
from coordination.demo.troupe import Troupe, deed
from coordination.households import protection
from coordination.households import service as households
from coordination.households.forms import NewFileForm, PersonForm, PersonRow, ProfileForm, SafeContactForm
from coordination.households.queries import residents
from coordination.households.reach import Way
from coordination.households.rules import Link
from coordination.identity.permissions import Role
from coordination.kit.actor import HouseholdLink, Member
from coordination.kit.db import ActorSession
from coordination.referrals import confirming, moves, queries
from coordination.referrals import service as referrals
from coordination.referrals.machine import State
from coordination.referrals.recipients import Reach
from coordination.referrals.rules import Pause, Question, Refusal
from coordination.sharing import service as sharing
from coordination.sharing.forms import AdultRow, AgreementForm
from coordination.sharing.queries import adults_of
from coordination.sharing.rules import Answer, Audience, GivenHow

LASTS = (180, 270, 365)
EXPIRED_AFTER = 90
LEFT_OUT_OF_A_DRAFT = 2
FOLLOWED_FROM = 5
DECIDED_AFTER = 10
CALLED_AGO = 6
CORRECTED, DONE, INDEBTED, PLANNED = 0.2, 0.8, 0.4, 0.5


class Player:
    """Plays the story of one household; what is drawn on the way comes from `rng` alone."""

    def __init__(self, troupe: Troupe, rng: Random) -> None:
        self.troupe = troupe
        self.rng = rng

    def play(self, planned: Planned) -> UUID:
        """One household, from its opening to today; answers its file's id."""
        story, family = planned.story, planned.family
        holder = self.troupe.partners[story.holder].who(Role.INTAKE)
        file_id = self._open(holder, story, family)
        if story.depth is Depth.WHOLE:
            self._fill(holder, story, family, file_id)
        agreed = [(each, self._agree(holder, story, file_id, each)) for each in story.agreed]
        if story.budget is not None:
            self._count(holder, story, file_id, planned.budget)
        for wanted in story.wanted:
            self._want(holder, story, file_id, wanted)
        if story.depth is Depth.WHOLE and story.days >= FOLLOWED_FROM:
            self._follow(holder, story, family, file_id)
        for each, agreement_id in agreed:
            if each.became is Given.WITHDRAWN:
                with self.troupe.act(holder, 1, 11) as session:
                    sharing.withdraw_agreement(session, file_id, agreement_id)
        if story.protected:
            self._protect(holder, file_id)
        if story.lived is not None:
            Life(self.troupe, self.rng, holder, file_id).happens(story.lived, family)
        self.troupe.rest()
        return file_id

    # -------------------------------------------------------------- the file

    def _open(self, holder: Member, story: Story, family: Family) -> UUID:
        bare = story.depth is Depth.NAME
        first = family.reference
        others = () if bare else family.people[1 : len(family.people) - self._later(story, family)]
        form = NewFileForm(
            family_name=first.family_name,
            given_name="" if bare else first.given_name,
            birth="" if bare else first.birth,
            commune=family.home.commune,
            people=[
                PersonRow(family_name=p.family_name, given_name=p.given_name, birth=p.birth, link=p.link)
                for p in others
            ],
        )
        with self.troupe.act(holder, story.days, 9, 5) as session:
            return households.open_file(session, form, self.rng.randrange).id

    def _fill(self, holder: Member, story: Story, family: Family, file_id: UUID) -> None:
        """The home, what each adult lives by, and whoever came or left since."""
        home = family.home
        profile = ProfileForm(
            commune=home.commune,
            address_kind=home.address_kind,
            address=home.address,
            phone=home.phone,
            email=home.email,
            family_situation=home.situation,
            housing=home.housing,
            origin=home.origin,
            version=1,
        )
        with self.troupe.act(holder, story.days, 9, 12) as session:
            households.update_profile(session, file_id, profile)
            here = {(r.person.given_name, r.link): r.person for r in residents(session, file_id)}
            for human in family.people:
                person = here.get((human.given_name, human.link))
                if human.activity is not None and person is not None:
                    households.update_person(session, file_id, person.id, _person(human, person.version))
            if self._later(story, family):
                households.add_person(session, file_id, _person(family.people[-1]))
                households.add_person(session, file_id, self._left(story, family))

    def _later(self, story: Story, family: Family) -> bool:
        """Whether the last of the family is only told of once the file is open."""
        return story.joined and len(family.people) > 1

    def _left(self, story: Story, family: Family) -> PersonForm:
        """A relative who stayed with the family for a while, before."""
        opened = self.troupe.day(story.days)
        return PersonForm(
            family_name=family.reference.family_name,
            given_name="Dylan",
            birth=str(opened.year - 22),
            link=Link.RELATIVE,
            from_date=opened - timedelta(days=75),
            until_date=opened - timedelta(days=9),
        )

    def _protect(self, holder: Member, file_id: UUID) -> None:
        """Somebody in danger: reached on the phone alone, and the file open to one worker."""
        with self.troupe.act(holder, 1, 15) as session:
            care = SafeContactForm(
                ways=[Way.CALL], words="Appeler le matin, se présenter comme « la mairie ».", version=0
            )
            protection.set_safe_contact(session, file_id, care)
            protection.protect(session, file_id, [])

    # -------------------------------------------------------------- the agreement

    def _agree(self, holder: Member, story: Story, file_id: UUID, agreed: Agreed) -> UUID:
        day = self.troupe.day(story.days)
        lasts = EXPIRED_AFTER if agreed.became is Given.EXPIRED else self.rng.choice(LASTS)
        with self.troupe.act(holder, story.days, 9, 25) as session:
            adults = adults_of(session, file_id)
            second = {Given.REFUSED: Answer.REFUSES, Given.ABSENT: Answer.ABSENT}.get(agreed.became, Answer.AGREES)
            form = AgreementForm(
                adults=[
                    AdultRow(person=adult.person.id, answer=second if rank else Answer.AGREES)
                    for rank, adult in enumerate(adults)
                ],
                recipients=[self.troupe.place(key) for key in agreed.to],
                parts=list(agreed.parts),
                audience=Audience.PROFESSIONALS if agreed.professionals else Audience.ALL,
                purpose=agreed.purpose,
                given_how=agreed.how,
                representative=words.REPRESENTATIVE if agreed.how is GivenHow.REPRESENTATIVE else "",
                valid_until=day + timedelta(days=lasts),
            )
            return sharing.record_agreement(session, file_id, form).id

    # -------------------------------------------------------------- the budget

    def _count(self, holder: Member, story: Story, file_id: UUID, budget: Budget) -> None:
        if story.budget is Draft.DRAFT:
            self._type(holder, story.days, file_id, budget[:-LEFT_OUT_OF_A_DRAFT], validate=False)
        elif story.budget is Draft.REPLACED:
            self._type(holder, story.days, file_id, earlier(budget, self.rng), validate=True)
            self._type(holder, story.days // 2, file_id, budget, validate=True)
        else:
            self._type(holder, story.days, file_id, budget, validate=True)

    def _type(self, holder: Member, days: int, file_id: UUID, budget: Budget, *, validate: bool) -> None:
        day = self.troupe.day(days)
        month = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
        with self.troupe.act(holder, days, 9, 40) as session:
            draft = budgets.start_assessment(session, file_id)
            form = BudgetForm(reference_date=day, lines=[line.row(month) for line in budget], version=draft.version)
            draft = budgets.save_lines(session, file_id, draft.id, form)
            if validate:
                budgets.validate_assessment(session, file_id, draft.id, draft.version)
        if validate and days >= DECIDED_AFTER:
            self._decide(holder, days - 1, file_id, draft.id)

    def _decide(self, holder: Member, days: int, file_id: UUID, budget_id: UUID) -> None:
        """The holder follows its own barème, save for what the Conseil would have seen, opened at once and why."""
        with self.troupe.act(holder, days, 11) as session:
            own = next((q for q in questions_of(session, file_id, budget_id) if q.mine and q.proposed), None)
            if own is not None:
                opens = own.proposed == ZoneKind.COUNCIL
                retained = ZoneKind.ELIGIBLE if opens else ZoneKind(own.proposed)
                reason = words.DEPARTURE if opens else ""
                form = DecisionForm(proposed=own.proposed, retained=retained, reason=reason)
                decide(session, file_id, budget_id, own.code, form)

    # -------------------------------------------------------------- needs and referrals

    def _want(self, holder: Member, story: Story, file_id: UUID, wanted: Wanted) -> None:
        noted = max((sent.days for sent in wanted.sent), default=story.days)
        summary = self.rng.choice(words.NEEDS[wanted.domain])
        with self.troupe.act(holder, noted, 10) as session:
            need_id = referrals.add_need(session, file_id, wanted.domain, summary).id
        for sent in wanted.sent:
            self._send(holder, need_id, sent)

    def _follow(self, holder: Member, story: Story, family: Family, file_id: UUID) -> None:
        """What the worker who opened the file wrote: a note, now and then corrected, contacts, something to do."""
        who = f"{family.reference.given_name} {family.reference.family_name}"
        first, text = story.days, self.rng.choice(words.NOTES)
        with self.troupe.act(holder, first, 11) as session:
            casework.name_referent(session, file_id, holder.membership_id)
            note_id = casework.write_note(session, file_id, text).id
            self._meet(session, file_id, first, Medium.OFFICE, who, "")
        later = max(1, first // self.rng.randint(2, 4))
        with self.troupe.act(holder, later, 14) as session:
            self._meet(session, file_id, later, self.rng.choice(list(Medium)), who, self.rng.choice(words.CONTACTS))
            if self.rng.random() < CORRECTED:
                form = NoteForm(words=f"{text} {words.CORRECTION}", latest=note_id)
                casework.correct_note(session, file_id, note_id, form)
            due, done = self.troupe.today + timedelta(days=self.rng.randint(-3, 12)), self.rng.random() < DONE
            todo = TaskForm(what=self.rng.choice(words.TASKS), due_on=due, assigned_to=holder.membership_id)
            task = casework.give_task(session, file_id, todo)
            if done:
                casework.end_task(session, file_id, task.id, task.version)
            casework.note_goal(session, file_id, GoalForm(words=self.rng.choice(words.GOALS)))
            kinds = self.rng.sample(list(DocumentKind), 3)
            casework.see_documents(session, file_id, DocumentsForm(kinds=kinds, seen_on=self.troupe.day(later)))
            if self.rng.random() < INDEBTED:
                casework.note_debt(session, file_id, self._debt())

    def _debt(self) -> DebtForm:
        amount, plan = self.rng.randint(80, 2400) * 100, self.rng.random() < PLANNED
        kind = self.rng.choice(list(CreditorKind))
        return DebtForm(creditor_kind=kind, amount=amount, plan=plan, instalment=amount // 24 if plan else None)

    def _meet(self, session: ActorSession, file_id: UUID, days: int, medium: Medium, who: str, said: str) -> None:
        form = ContactForm(met_on=self.troupe.day(days), medium=medium, with_whom=who, words=said)
        casework.note_contact(session, file_id, form)

    def _send(self, holder: Member, need_id: UUID, sent: Sent) -> None:
        """Sends, then moves the referral to where the story says it stands, some days later."""
        told = self.rng.choice(words.SENT)
        with self.troupe.act(holder, sent.days, 10, 15) as session:
            row = referrals.send_referral(
                session, need_id, self.troupe.place(sent.to), told, Reach(contact=words.REACH)
            )
            referral_id, version, by_hand = row.id, row.version, row.by_hand
        answered = max(1, sent.days - self.rng.randint(1, 4))
        if sent.state is State.CANCELLED:
            with self.troupe.act(holder, answered, 15) as session:
                moves.cancel(session, referral_id, version, words.CANCELLED)
        if sent.state in (State.SENT, State.BY_HAND, State.CANCELLED):
            return
        # Whoever sent it notes what an outside service told her.
        alone = by_hand or sent.to in self.troupe.services
        answerer = holder if alone else self.troupe.partners[sent.to].who(Role.VOLUNTEER, Role.INTAKE)
        if sent.refusal is not None:
            self._refuse(holder, answerer, referral_id, version, sent, answered)
        elif by_hand:
            self._close(answerer, referral_id, version, sent, answered)
        else:
            self._take(answerer, referral_id, version, sent, answered)
        if sent.heard is not None:
            self._hear(holder, referral_id, sent.heard)

    def _refuse(
        self, holder: Member, answerer: Member, referral_id: UUID, version: int, sent: Sent, answered: int
    ) -> None:
        """Refused, and perhaps sent on to somebody else, or left there."""
        assert sent.refusal is not None
        with self.troupe.act(answerer, answered, 14) as session:
            why = words.OTHER_REASON if sent.refusal is Refusal.OTHER else ""
            version = moves.refuse(session, referral_id, version, sent.refusal, why).version
        if sent.then:
            with self.troupe.act(holder, max(1, answered - 1), 15) as session:
                moves.redirect(session, referral_id, version, self.troupe.place(sent.then))
        if sent.dropped:
            with self.troupe.act(holder, max(1, answered - 3), 15) as session:
                moves.drop(session, referral_id, version, sent.dropped)

    def _take(self, answerer: Member, referral_id: UUID, version: int, sent: Sent, answered: int) -> None:
        """Step by step, as far as the story goes."""
        with self.troupe.act(answerer, answered, 14) as session:
            if sent.state is State.RECEIVED:
                moves.receive(session, referral_id, version)
                return
            if sent.state is State.INFO_REQUESTED:
                moves.ask(session, referral_id, version, Question.PAPERS, words.ASKED)
                return
            version = moves.accept(session, referral_id, version, self.rng.choice(words.ACCEPTED)).version
        if sent.state in (State.IN_PROGRESS, State.ON_HOLD):
            with self.troupe.act(answerer, answered, 16) as session:
                version = moves.start(session, referral_id, version).version
                if sent.state is State.ON_HOLD:
                    moves.hold(session, referral_id, version, Pause.PLACE)
        if sent.outcome is not None:
            self._close(answerer, referral_id, version, sent, answered)

    def _close(self, answerer: Member, referral_id: UUID, version: int, sent: Sent, answered: int) -> None:
        """Closed by whoever took it, or by the network's coordinator when she was told nothing more."""
        assert sent.outcome is not None
        closer, told = answerer, words.CLOSED[sent.outcome]
        if sent.by_coordinator:
            closer, told = self.troupe.partners["ccas"].who(Role.COORDINATOR), ""
        with self.troupe.act(closer, max(1, answered - self.rng.randint(5, 14)), 16) as session:
            moves.close(session, referral_id, version, sent.outcome, told)

    def _hear(self, holder: Member, referral_id: UUID, heard: Heard) -> None:
        """What the household says of it: to the worker, yesterday evening, or by its link; or nobody answered."""
        secret = ""
        with self.troupe.act(holder, CALLED_AGO if heard.said is None else 1, 18) as session:
            row = queries.show(session, referral_id).line.row
            if heard.said is None:
                confirming.not_reached(session, referral_id, row.version)
            elif not heard.by_link:
                confirming.record(session, referral_id, row.version, heard.said, heard.call_back)
            else:
                secret = confirming.paper_link(session, row, "").rpartition("/")[-1]
        if secret and heard.said is not None:
            self.troupe.rest()
            with deed(self.troupe.connection, HouseholdLink(referral_id, holder.network_id)) as session:
                confirming.say(session, secret, heard.said, heard.call_back)


def _row(human: Human) -> PersonRow:
    """Somebody as typed on the page that opens a file."""
    return PersonRow(family_name=human.family_name, given_name=human.given_name, birth=human.birth, link=human.link)


def _person(human: Human, version: int = 0) -> PersonForm:
    """Somebody as typed in the form of a person."""
    return PersonForm(
        family_name=human.family_name,
        given_name=human.given_name,
        birth=human.birth,
        link=human.link,
        weight=Decimal(str(human.weight)),
        activity=human.activity,
        version=version,
    )
