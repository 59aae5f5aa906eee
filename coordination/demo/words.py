"""What the demonstration's workers write: one or two sentences of each domain, and their answers to one another."""

from coordination.referrals.rules import Domain

NEEDS: dict[Domain, tuple[str, ...]] = {
    Domain.FOOD: (
        "Le frigo est vide dès le 20 du mois. Souhaite un accès à l’épicerie le temps de régler la facture d’énergie.",
        "Fin de contrat le mois dernier, premier versement attendu dans trois semaines : besoin d’un dépannage.",
        "Les repas de midi des enfants pendant les vacances ne sont pas couverts.",
    ),
    Domain.BUDGET: (
        "Trois crédits à la consommation, rejets de prélèvement chaque mois. Envisage un dossier de surendettement.",
        "Ne sait plus ce qui est prélevé ni quand : demande à faire le point, relevés en main.",
    ),
    Domain.RIGHTS: (
        "Prime d’activité jamais demandée. À vérifier aussi : complémentaire santé solidaire.",
        "Dossier de retraite bloqué depuis quatre mois, pièces envoyées deux fois.",
    ),
    Domain.HOUSING: (
        "Deux mois de loyer en retard, premier courrier du bailleur reçu.",
        "Trois pièces pour six, demande de logement social faite il y a deux ans et jamais renouvelée.",
        "Humidité dans la chambre des enfants, le propriétaire ne répond plus.",
    ),
    Domain.ENERGY: (
        "Régularisation d’électricité de 640 €, coupure annoncée. Chauffage électrique d’appoint seulement.",
        "Chèque énergie reçu et pas utilisé : ne sait pas comment faire en ligne.",
    ),
    Domain.HEALTH: (
        "Soins dentaires repoussés faute de complémentaire. Veut bien être accompagnée au premier rendez-vous.",
        "Traitement arrêté depuis le déménagement, n’a plus de médecin traitant.",
    ),
    Domain.JOB: (
        "Aide à domicile, cherche des heures le matin seulement : école à 8 h 30 et pas de relais.",
        "Sans travail depuis un an, CV à refaire, prêt à partir en chantier d’insertion.",
    ),
    Domain.TRAINING: ("Voudrait passer le titre d’assistante de vie aux familles, ne sait pas qui finance.",),
    Domain.MOBILITY: (
        "Embauche possible à la zone industrielle en horaires décalés, pas de véhicule et pas de bus.",
        "Permis obtenu, assurance de la voiture impayée.",
    ),
    Domain.DIGITAL: ("N’a pas de courriel ; l’espace personnel de la CAF est bloqué.",),
    Domain.FAMILY: (
        "L’aîné décroche au collège. Demande une aide aux devoirs et un lieu calme le mercredi.",
        "Séparation récente : souhaite rencontrer quelqu’un pour parler des enfants.",
    ),
    Domain.FRENCH: ("Comprend bien, n’écrit pas. Souhaite suivre un atelier deux fois par semaine.",),
    Domain.SOCIAL: ("Veuve depuis l’an passé, ne sort plus guère. Aimait jardiner et cuisiner pour du monde.",),
    Domain.VIOLENCE: ("Situation évoquée en entretien, ne souhaite aucune démarche pour l’instant. Revoir seule.",),
    Domain.OTHER: ("Cherche qui pourrait garder son chien pendant une hospitalisation.",),
}
NOTES = (
    "Premier entretien. Dit avoir attendu longtemps avant de venir. Papiers en ordre, rangés par année.",
    "Vient accompagnée de sa sœur. Préfère être appelée le matin. Souhaite d’abord régler l’urgence.",
    "Fait le point sur les démarches déjà commencées ; repart avec la liste des pièces à rapporter.",
    "Demande qu’on lui explique chaque courrier. A relu cette note avec moi.",
)
CORRECTION = "Précision donnée par la personne : les démarches avaient commencé plus tôt."
CONTACTS = (
    "Pièces rapportées, il manque l’attestation de loyer.",
    "Rendez-vous confirmé.",
    "Prend des nouvelles de sa demande.",
    "Va mieux, moins d’inquiétude pour la fin du mois.",
)
GOALS = (
    "Régler la facture d’électricité avant l’hiver.",
    "Passer le permis pour accepter l’embauche.",
    "Changer de logement : plus près de l’école.",
    "Finir la formation commencée.",
)
TASKS = (
    "Rappeler le bailleur pour l’échéancier",
    "Demander l’attestation de paiement à la CAF",
    "Préparer le dossier de complémentaire santé",
    "Prendre des nouvelles avant les vacances scolaires",
)
SENT = (
    "Merci de proposer un rendez-vous le matin si possible.",
    "La personne sait que vous allez l’appeler.",
    "",
    "Budget à jour dans le dossier.",
    "",
)
ACCEPTED = ("Nous l’appelons pour convenir d’une date.", "", "Nous l’avons eue au téléphone, elle passe jeudi.")
CLOSED = {
    "got_help": "Aide accordée, la personne est rassurée.",
    "partial": "Une partie seulement a pu être prise en charge.",
    "no_help": "Après examen, nous n’avions pas de réponse à proposer.",
    "not_reachable": "Trois appels et un courrier sans réponse.",
    "no_show": "Absente à deux rendez-vous.",
    "withdrawn": "La famille s’est arrangée autrement.",
}
ASKED = "Pouvez-vous joindre la dernière quittance ?"
OTHER_REASON = "Notre local est en travaux jusqu’à la fin du mois : reprenez contact après."
CANCELLED = "Orientation faite deux fois par erreur."
DEPARTURE = "Une régularisation d’énergie tombe ce mois-ci : l’accès est ouvert sans attendre la séance."
REPRESENTATIVE = "Service de l’enfance (représentant fictif)"
REACH = "Par l’accueil du CCAS, qui la prévient"
