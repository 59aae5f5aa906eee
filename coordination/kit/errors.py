"""Refusals: each exception's docstring is the French sentence people read."""

from inspect import cleandoc


class Problem(Exception):
    """L’opération n’a pas pu se faire. Rien n’a été modifié."""

    status = 500
    title = "Un problème est survenu"
    next_step: str | None = None  # what to do; None: what is usual for this status
    kept = "Ce qui était enregistré avant cette demande n’a pas changé."
    kept_here = "Ce que vous avez écrit est gardé sur cette page : ne la fermez pas. Rien n’est encore enregistré."
    elsewhere: tuple[str, str] | None = None  # what to do in another tab before what was typed is sent again

    def __init__(self, sentence: str | None = None) -> None:
        self.sentence = sentence or " ".join(cleandoc(type(self).__doc__ or "").split())
        super().__init__(self.sentence)


class NotKnown(Problem):
    """Cette page n’existe pas, ou elle ne vous est pas ouverte."""

    status = 404
    title = "Page introuvable"


class NotAllowed(Problem):
    """Votre rôle n’ouvre pas cette action.
    Si vous pensez en avoir besoin, parlez-en à l’administrateur de votre structure."""

    status = 403
    title = "Action réservée à un autre rôle"


class SessionOver(Problem):
    """Votre session a pris fin avant l’envoi. Elle dure deux heures sans rien faire, ou quatorze heures en tout."""

    status = 401
    title = "Reconnectez-vous pour enregistrer"
    elsewhere = ("/connexion?suite=/moi", "Connectez-vous avec le même compte")


class ActsElsewhere(Problem):
    """Depuis que cette page est ouverte, vous agissez pour une autre de vos structures, choisie dans un autre onglet.
    Rien n’a été enregistré."""

    status = 409
    title = "Vous agissez pour une autre structure"
    next_step = ""
    elsewhere = ("/moi", "Revenez à la structure d’avant, dans « Mon compte »")


class WrongVerb(Problem):
    """Cette adresse ne s’ouvre pas de cette façon. Rien n’a été modifié."""

    status = 405
    title = "Demande non permise"


class ForeignRequest(Problem):
    """Cette demande ne vient pas d’une page de l’application : elle a été refusée et rien n’a été modifié."""

    status = 403
    title = "Demande refusée"


class NotNow(Problem):
    """Cette action n’est plus possible dans l’état actuel. Rien n’a été modifié."""

    status = 409
    title = "Ce n’est plus possible"
    field = "form"
    """Where a form says it: next to the field that would change the answer, or above the whole."""


class Stale(NotNow):
    """Quelqu’un a modifié cette fiche pendant que vous l’aviez ouverte.
    Rien n’a été enregistré, et ce que vous avez saisi est toujours là : vérifiez puis enregistrez de nouveau."""

    title = "Modifié entre-temps"


class Malformed(Problem):
    """La demande est mal formée. Rien n’a été modifié."""

    status = 422
    title = "Saisie à corriger"


class TooLarge(Problem):
    """L’envoi dépasse la taille permise (1 Mo). Rien n’a été modifié."""

    status = 413
    title = "Envoi trop volumineux"


class TooMany(Problem):
    """Trop d’essais. Patientez quelques minutes avant de recommencer."""

    status = 429
    title = "Trop d’essais"


class Unavailable(Problem):
    """La base de données ne répond pas. Rien n’a été enregistré ; réessayez dans un instant."""

    status = 503
    title = "Service momentanément indisponible"


class PerhapsDone(Unavailable):
    """La base de données s’est interrompue au moment d’enregistrer : c’est peut-être fait, peut-être pas."""

    title = "C’est peut-être enregistré"
    kept = ""
    kept_here = "Ce que vous avez écrit est gardé sur cette page : ne la fermez pas."
    next_step = "Renvoyez le même formulaire dans un instant : s’il était déjà enregistré, il ne comptera qu’une fois."
