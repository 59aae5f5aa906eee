"""What every JSON route shares: problems (RFC 9457), bodies, keyset pages, and the OpenAPI document of the routes."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from starlette.routing import BaseRoute

from coordination.kit.errors import Malformed, Problem
from coordination.kit.forms import UNREADABLE, french
from coordination.kit.web import on_the_spot

PREFIX = "/api/v1"
MEDIA_TYPE = "application/problem+json"
SIZE, LARGEST_SIZE = 25, 100
BEARER = OAuth2PasswordBearer(tokenUrl=f"{PREFIX}/token", auto_error=False, description="Jeton de 15 minutes.")
"""Declares to the OpenAPI document that a route asks for a bearer; who it is was decided before."""

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class NeedsToken(Problem):
    """Un jeton valable est nécessaire : demandez-en un à /api/v1/token. Rien n’a été modifié."""

    status = 401
    title = "Jeton nécessaire"


def is_api(path: str) -> bool:
    """Whether an address is answered in JSON, by a bearer's right and never a cookie's."""
    return path == "/api" or path.startswith("/api/")


# ------------------------------------------------------------------ problems


class FieldFault(BaseModel):
    """Un champ refusé, et pourquoi."""

    field: str = Field(description="Le champ, par exemple `people.0.birth` ou `size`.", examples=["people.0.birth"])
    detail: str = Field(description="La phrase à montrer.", examples=["Cette date est dans le futur."])


class ProblemBody(BaseModel):
    """Un refus, selon la RFC 9457 (`application/problem+json`). Rien n’a été enregistré."""

    type: str = Field("about:blank", description="Toujours `about:blank` : le statut dit la famille du refus.")
    title: str = Field(description="Le refus en quelques mots.", examples=["Ce n’est plus possible"])
    status: int = Field(description="Le statut HTTP.", examples=[409])
    detail: str = Field(description="La phrase à montrer à la personne.", examples=["Ce budget est validé."])
    errors: list[FieldFault] | None = Field(None, description="Un élément par champ refusé (422).")


class Invalid(Malformed):
    """Certains champs sont à corriger : voyez la liste. Rien n’a été modifié."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.faults = list(faults)


def problem_json(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal as JSON; `extra` on the problem adds members (identifiers, never a name)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.sentence,
        **getattr(problem, "extra", {}),
    }
    if isinstance(problem, Invalid):
        body["errors"] = [{"field": field, "detail": detail} for field, detail in problem.faults]
    return JSONResponse(body, problem.status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


PLACES = ("body", "query", "path", "header")
SENTENCES = (
    ("extra_forbidden", "Champ inconnu."),
    ("json_invalid", "Ce n’est pas du JSON lisible."),
    ("string_type", "Un texte est attendu."),
    ("string_pattern", "Ce texte n’a pas la forme attendue."),
    ("list_type", "Une liste est attendue."),
    ("model", "Un objet JSON est attendu."),
    ("bool", "`true` ou `false` est attendu."),
    ("date", "Une date est attendue, sous la forme AAAA-MM-JJ."),
    ("uuid", "Un identifiant (UUID) est attendu."),
)


def fault_of(error: ErrorDetails) -> tuple[str, str]:
    """The field and the French sentence of one fault found by pydantic in what was sent."""
    place = [UNREADABLE.sub("?", str(part))[:60] for part in error["loc"][:8] if part not in PLACES]
    sentence = next((said for start, said in SENTENCES if error["type"].startswith(start)), None)
    return ".".join(place) or "body", sentence or french(error)


def form_of(form: type[M], values: Mapping[str, Any], names: Mapping[str, str] | None = None) -> M:
    """A page's form filled from JSON, so that both doors validate alike; `names` are the form's fields that the API
    calls otherwise. Raises `Invalid`."""
    try:
        return form.model_validate(dict(values))
    except ValidationError as refused:
        faults = []
        for field, said in map(fault_of, refused.errors()):
            before, dot, last = field.rpartition(".")
            faults.append((before + dot + (names or {}).get(last, last), said))
        raise Invalid(faults) from None


# ------------------------------------------------------------------ bodies


class Body(BaseModel):
    """The parent of every JSON body: unknown fields are refused, words trimmed, unreadable characters refused."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _readable(cls, value: Any) -> Any:
        if isinstance(value, str) and UNREADABLE.search(value):
            raise ValueError("Ce texte contient des caractères illisibles.")
        return value


# ------------------------------------------------------------------ keyset pages


class Listed(BaseModel, Generic[T]):
    """Une page d’une liste."""

    items: list[T] = Field(description="Les éléments de cette page.")
    next: str | None = Field(
        description="L’adresse de la page suivante ; `null` à la dernière.",
        examples=["/api/v1/households?after=MjAyNi0xMS0yMVQwOTowMDowMCswMDowMF9h&size=25"],
    )


class Keyset:
    """Where a page begins and how long it is; a mark that is not one of ours is refused."""

    def __init__(
        self,
        request: Request,
        after: Annotated[str, Query(max_length=200, description="La marque donnée par `next` ; rien au début.")] = "",
        size: Annotated[int, Query(ge=1, le=LARGEST_SIZE, description="Éléments par page, de 1 à 100.")] = SIZE,
    ) -> None:
        self._request = request
        self.after = read_mark(after) if after else None
        self.size = size

    def next(self, moment: datetime, key: UUID) -> str:
        """The address of the page that begins after this line, with the same filters."""
        url = self._request.url.include_query_params(after=mark(moment, key), size=self.size)
        return f"{url.path}?{url.query}"


Paged = Annotated[Keyset, on_the_spot(Keyset)]


def mark(moment: datetime, key: UUID) -> str:
    """A place in a list ordered by moment then id, opaque."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}_{key}".encode()).decode().rstrip("=")


def read_mark(text: str) -> tuple[datetime, UUID]:
    """The place behind a mark. Raises `Invalid`."""
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        moment, _, key = plain.partition("_")
        found = datetime.fromisoformat(moment), UUID(key)
        if found[0].tzinfo is None or not 1900 < found[0].year < 2200:
            raise ValueError
    except (ValueError, binascii.Error, OverflowError):
        raise Invalid([("after", "Cette marque n’est pas de nous : reprenez celle de `next`.")]) from None
    return found


# ------------------------------------------------------------------ the document

ABOUT = """
Les mêmes portes, les mêmes règles et les mêmes actes que les pages : un jeton n’ouvre jamais plus que l’écran.

* **Jeton** : `POST /api/v1/token` (formulaire OAuth2), valable 15 minutes, révocable ; aucun cookie n’est lu ni posé.
* **Montants** en centimes d’euro entiers, sauf `/reste-a-vivre` (des textes, en euros) ; **dates** `AAAA-MM-JJ`,
  **moments** ISO 8601 avec fuseau.
* **Listes** : `size` éléments, puis suivez `next`. Ce qui s’ajoute pendant la lecture ne crée ni oubli ni doublon.
* **Rejouer sans risque** : l’en-tête `Idempotency-Key` d’un POST rend, pendant 24 heures, la ressource déjà créée.
* **Refus** : `application/problem+json` (RFC 9457), avec une phrase à montrer et la liste des champs fautifs.
"""
ALWAYS = {403: "Non permis", 413: "Plus de 1 Mo", 422: "Demande mal formée", 500: "Panne", 503: "Base indisponible"}
WITH_A_BEARER = {401: "Jeton absent, périmé ou révoqué", 404: "Inconnu, ou non ouvert à vous"}
WHEN_WRITING = {409: "Impossible dans l’état actuel"}
OPEN_TO_ALL = {429: "Trop d’essais"}
AT_SIGN_IN = {400: "Identifiants refusés"}


def openapi_of(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of these routes, every refusal described as a problem."""
    made = get_openapi(title="Coordination", version="1", description=ABOUT, routes=routes)
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemBody"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in made["paths"].items():
        for verb, operation in operations.items():
            secured = "security" in operation
            refusals = ALWAYS | (WITH_A_BEARER if secured else OPEN_TO_ALL)
            refusals |= AT_SIGN_IN if path.endswith("/token") else {}
            if secured and verb != "get":
                refusals = refusals | WHEN_WRITING
            for status, words in sorted(refusals.items()):
                operation["responses"][str(status)] = _refusal(status, words)
    return made


def _refusal(status: int, words: str) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    described: dict[str, Any] = {"description": f"{words}.", "content": content}
    if status == 401:
        described["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    return described
