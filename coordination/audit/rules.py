"""The words of the journal: who acts, on what. The lowest storey names the tables of all, and imports none."""

READ_JOURNAL = "read_journal"
PAGE_OF_LINES = 50
LARGEST_NUMBER = 2**63 - 1

ACTOR_KINDS = {
    "member": "Membre",
    "service": "Application",
    "station": "Poste de distribution",
    "outside_link": "Partenaire par lien",
    "household_link": "Foyer par lien",
    "nobody": "Personne non connectée",
}

SERVICES = {
    "operator": "Exploitant",
    "journal": "Vérification du journal",
}

SUBJECTS = {
    "access_request": "demande d’accès",
    "access_request_file": "demande d’accès",
    "account": "compte",
    "agreement": "accord de partage",
    "agreement_part": "accord de partage",
    "agreement_person": "accord de partage",
    "appointment": "rendez-vous",
    "assessment": "évaluation budgétaire",
    "assessment_result": "évaluation budgétaire",
    "budget_line": "ligne de budget",
    "browser_session": "connexion",
    "calendar_feed": "calendrier",
    "household": "dossier",
    "household_profile": "dossier",
    "import_batch": "liste importée",
    "imported_file": "liste importée",
    "invitation": "lien à usage unique",
    "membership": "compte",
    "need": "besoin",
    "network": "réseau",
    "organisation": "structure",
    "outside_referral": "orientation vers un service extérieur",
    "outside_service": "service extérieur",
    "person": "personne",
    "person_activity": "activité d’une personne",
    "reception_place": "lieu d’accueil",
    "referral": "orientation",
    "referral_event": "orientation",
    "referral_text": "orientation",
    "share": "partage",
    "share_review": "dossier partagé à revoir",
    "stay": "composition du foyer",
}


def short(identifier: str) -> str:
    """The beginning of an identifier: enough to compare two lines, and nobody's name."""
    return identifier[:8]


def subject_label(table: str) -> str:
    """The French word for what a line is about; a table nobody named yet keeps its own name."""
    return SUBJECTS.get(table, table.replace("_", " "))
