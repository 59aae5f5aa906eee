"""The command line: run, serve, upgrade, demo, networks, organisations, invitations, journal."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from coordination.kit.embedded import Cluster
from coordination.kit.postgres import ServerError
from coordination.kit.roles import RolesError, libpq, prepare_server
from coordination.settings import Settings, SettingsError, get_settings

if TYPE_CHECKING:
    from coordination.kit.db import ActorSession

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
network_app = typer.Typer(no_args_is_help=True, help="Les réseaux.")
organisation_app = typer.Typer(no_args_is_help=True, help="Les structures partenaires.")
app.add_typer(network_app, name="network")
app.add_typer(organisation_app, name="organisation")
out = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)
LAST_PORT_TRIED = 40


class Stop(typer.Exit):
    """Ends with a clear sentence."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        errors.print(sentence, style="red", markup=False)
        super().__init__(code)


@contextmanager
def plainly() -> Iterator[None]:
    """Known failures end with their French sentence, not with a trace."""
    from sqlalchemy.exc import OperationalError

    from coordination.kit.db import PowerfulRole
    from coordination.kit.errors import Problem

    try:
        yield
    except (SettingsError, ServerError, RolesError, PowerfulRole, Problem) as failure:
        raise Stop(str(failure) or (failure.__doc__ or "")) from failure
    except OperationalError as failure:
        raise Stop("La base de données ne répond pas : vérifiez l’adresse et que le serveur est démarré.") from failure


def cluster(settings: Settings) -> Cluster:
    """The embedded server, started if need be."""
    from coordination.kit import embedded

    return embedded.start(settings.data_dir)


def app_url(settings: Settings) -> str:
    """The address the pages are served from."""
    return settings.database_url or cluster(settings).app_url


def do_upgrade(settings: Settings) -> None:
    """Roles when an administrator's address is given, then tables and policies."""
    from coordination.upgrade import upgrade as run_upgrade

    if settings.embedded:
        run_upgrade(cluster(settings).owner_url)
        return
    owner_url = settings.owner_url()
    if settings.database_admin_url is not None:
        prepare_server(settings.database_admin_url, owner_url, app_url(settings))
    run_upgrade(owner_url)


@app.command()
def run(port: Annotated[int, typer.Option(help="Premier port essayé.")] = 8000) -> None:
    """Démarre la base embarquée, la met à jour, charge la démonstration et sert les pages sur cette machine."""
    with plainly():
        settings = get_settings()
        if not settings.embedded:
            raise Stop("« run » sert la base embarquée. Avec DATABASE_URL, utilisez « upgrade » puis « serve ».")
        url = cluster(settings).app_url
        do_upgrade(settings)
        if settings.demo:
            from coordination.demo.load import loaded

            if not loaded(url):
                load_demo(url)
        chosen = free_port(port)
        announce(settings, chosen)
        start_server(settings, "127.0.0.1", chosen, workers=1)


def load_demo(url: str) -> None:
    """Loads the demonstration and says how far it is."""
    from coordination.demo.load import load

    what = "Chargement de la démonstration (personnes fictives)…"
    with out.status(what) as shown:
        load(url, progress=lambda done, total: shown.update(f"{what} {done} foyers sur {total}"))


def announce(settings: Settings, port: int) -> None:
    """Says where it is served, and who can sign in to the demonstration."""
    out.print(f"\nCoordination est prête : http://127.0.0.1:{port}", style="bold")
    out.print(f"Données : {settings.data_dir}    Arrêter : Ctrl+C, puis « make stop » pour la base.")
    if settings.demo:
        from coordination.demo.accounts import PASSWORD, shown

        table = Table("Compte de démonstration", "Adresse")
        for label, email in shown():
            table.add_row(label, email)
        out.print(table)
        out.print(f"Mot de passe de tous ces comptes : {PASSWORD}\n", markup=False)


def free_port(first: int) -> int:
    """The first port nobody listens on, from `first` on."""
    for port in range(first, first + LAST_PORT_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Stop(f"Aucun port libre entre {first} et {first + LAST_PORT_TRIED - 1}.")


def start_server(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serves until stopped. No access log: an address may name a file."""
    import uvicorn

    settings.signing_key()
    uvicorn.run(
        "coordination.main:served",
        factory=True,
        host=host,
        port=port,
        workers=workers if workers > 1 else None,
        access_log=False,
        server_header=False,
        log_level="warning",
        proxy_headers=bool(settings.trusted_proxy),
        forwarded_allow_ips=settings.trusted_proxy or None,
        timeout_graceful_shutdown=10,
    )


def check_role(url: str) -> None:
    """Refuses a powerful role before any page is served; each worker checks it again."""
    from coordination.kit.db import close_engine, make_engine, refuse_powerful_role

    engine = make_engine(url, size=1)
    try:
        refuse_powerful_role(engine)
    finally:
        close_engine(engine)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Adresse d’écoute.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port d’écoute.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Nombre de processus.")] = 1,
) -> None:
    """Sert les pages d’une base déjà mise à jour."""
    with plainly():
        settings = get_settings()
        settings.signing_key()
        check_role(app_url(settings))
        out.print(f"Coordination sert sur http://{host}:{port}")
        start_server(settings, host, port, workers)


@app.command()
def stop() -> None:
    """Arrête la base embarquée ; les données restent."""
    from coordination.kit import embedded

    with plainly():
        stopped = embedded.stop(get_settings().data_dir)
        out.print("Base arrêtée." if stopped else "La base ne tournait pas.")


@app.command()
def upgrade() -> None:
    """Met la base à jour : rôles (si DATABASE_ADMIN_URL est donné), tables, puis toutes les règles d’accès."""
    with plainly():
        do_upgrade(get_settings())
        out.print("Base à jour.")


@app.command()
def demo() -> None:
    """Charge la démonstration, si elle n’y est pas déjà, dans la base désignée par les réglages."""
    from coordination.demo.load import loaded

    with plainly():
        settings = get_settings()
        url = app_url(settings)
        if loaded(url):
            out.print("La démonstration est déjà chargée.")
            return
        load_demo(url)
        out.print("Démonstration chargée.")
        if not settings.demo:
            out.print("Ses comptes ne peuvent se connecter qu’avec COORDINATION_DEMO=true.")


@app.command("database-url")
def database_url(
    role: Annotated[str, typer.Option(help="app ou owner.")] = "app",
) -> None:
    """Affiche l’adresse de la base (avec son mot de passe), pour psql ou une sauvegarde."""
    with plainly():
        settings = get_settings()
        if role not in ("app", "owner"):
            raise Stop("Choisissez --role app ou --role owner.", 2)
        if settings.embedded:
            found = cluster(settings)
            out.print(libpq(found.app_url if role == "app" else found.owner_url), markup=False)
            return
        out.print(libpq(app_url(settings) if role == "app" else settings.owner_url()), markup=False)


# ------------------------------------------------------------------ an operator's first day


@network_app.command("add")
def network_add(
    name: Annotated[str, typer.Argument(help="Nom du réseau, par exemple « Carvin ».")],
    contact: Annotated[str, typer.Option(help="Point de contact des personnes concernées.")] = "",
) -> None:
    """Crée un réseau et affiche son nom court."""
    from coordination.identity import operator as operators
    from coordination.identity import queries
    from coordination.identity.rules import slug

    with plainly(), operator() as session:
        if queries.find_network(session, slug(name)) is not None:
            raise Stop("Un réseau porte déjà ce nom.")
        out.print(operators.add_network(session, name, contact=contact).slug, markup=False)


@organisation_app.command("add")
def organisation_add(
    network: Annotated[str, typer.Argument(help="Nom court du réseau.")],
    name: Annotated[str, typer.Argument(help="Nom de la structure, par exemple « CCAS de Carvin ».")],
    kind: Annotated[str, typer.Option(help="ccas, secours_populaire, epicerie ou association.")] = "association",
    commune: Annotated[str, typer.Option()] = "",
) -> None:
    """Ajoute une structure partenaire à un réseau et affiche son nom court."""
    from coordination.identity import operator as operators
    from coordination.identity import queries
    from coordination.identity.rules import OrganisationKind, slug

    if kind not in set(OrganisationKind):
        raise Stop(f"Nature inconnue. Choisissez parmi : {', '.join(OrganisationKind)}.", 2)
    with plainly(), operator() as session:
        found = queries.find_network(session, network)
        if found is None:
            raise Stop(f"Aucun réseau ne s’appelle « {network} ».")
        if queries.find_organisation(session, found, slug(name)) is not None:
            raise Stop("Une structure de ce réseau porte déjà ce nom.")
        made = operators.add_organisation(session, found, name, OrganisationKind(kind), commune=commune)
        out.print(made.slug, markup=False)


@app.command()
def invite(
    network: Annotated[str, typer.Argument(help="Nom court du réseau.")],
    organisation: Annotated[str, typer.Argument(help="Nom court de la structure.")],
    email: Annotated[str, typer.Argument(help="Adresse de la personne invitée.")],
    name: Annotated[str, typer.Option(help="Son nom.")] = "",
    roles: Annotated[str, typer.Option(help="Rôles séparés par des virgules.")] = "admin",
    professional: Annotated[bool, typer.Option(help="Professionnelle soumise au secret.")] = False,
) -> None:
    """Affiche un lien à usage unique par lequel une première personne crée son compte."""
    from coordination.identity import operator as operators
    from coordination.identity import queries
    from coordination.identity.permissions import Role

    asked = [role.strip() for role in roles.split(",") if role.strip()]
    if not asked or any(role not in set(Role) for role in asked):
        raise Stop(f"Rôle inconnu. Choisissez parmi : {', '.join(Role)}.", 2)
    if "@" not in email:
        raise Stop("Cette adresse n’a pas la forme nom@exemple.fr.", 2)
    token = secrets.token_urlsafe(32)
    with plainly(), operator() as session:
        found = queries.find_network(session, network)
        partner = queries.find_organisation(session, found, organisation) if found else None
        if partner is None:
            raise Stop(f"La structure « {organisation} » n’existe pas dans le réseau « {network} ».")
        operators.invite_first(
            session,
            partner,
            email=email,
            name=name or email.partition("@")[0],
            roles=[Role(role) for role in asked],
            professional=professional,
            token=token,
        )
    out.print(f"{get_settings().base_url}/invitation/{token}", markup=False)


@app.command()
def reset(
    network: Annotated[str, typer.Argument(help="Nom court du réseau.")],
    organisation: Annotated[str, typer.Argument(help="Nom court de la structure.")],
    email: Annotated[str, typer.Argument(help="Adresse de la personne.")],
) -> None:
    """Affiche un lien à usage unique pour un nouveau mot de passe (personne rattachée à plusieurs structures)."""
    from coordination.identity import operator as operators
    from coordination.identity import queries

    token = secrets.token_urlsafe(32)
    with plainly(), operator() as session:
        found = queries.find_network(session, network)
        partner = queries.find_organisation(session, found, organisation) if found else None
        if partner is None:
            raise Stop(f"La structure « {organisation} » n’existe pas dans le réseau « {network} ».")
        operators.reset_by_operator(session, partner, email, token)
    out.print(f"{get_settings().base_url}/invitation/{token}", markup=False)


@contextmanager
def operator() -> Iterator["ActorSession"]:
    """A session of the operator, over the app role."""
    from coordination.kit.actor import Service
    from coordination.kit.db import acting, close_engine, make_engine

    engine = make_engine(app_url(get_settings()), size=2)
    try:
        with acting(engine, Service("operator")) as session:
            yield session
    finally:
        close_engine(engine)


@app.command("verify-journal")
def verify_journal(
    network: Annotated[str, typer.Option(help="Nom court d’un réseau ; tous par défaut.")] = "",
) -> None:
    """Vérifie la chaîne du journal de chaque réseau : 0 si elle est entière, 1 sinon, avec le numéro de la ligne."""
    from coordination.audit.queries import verify
    from coordination.identity.queries import networks
    from coordination.kit.actor import Service
    from coordination.kit.db import acting, close_engine, make_engine

    broken = False
    with plainly():
        engine = make_engine(app_url(get_settings()), size=2)
        try:
            with acting(engine, Service("operator")) as session:
                chosen = [n for n in networks(session) if network in ("", n.slug)]
            if not chosen:
                raise Stop(f"Aucun réseau ne s’appelle « {network} »." if network else "Aucun réseau.", 2)
            for found in chosen:
                with acting(engine, Service("journal", found.id)) as session:
                    verdict = verify(session, found.id)
                if verdict.sound:
                    out.print(
                        f"{found.slug} : {verdict.lines} lignes, chaîne entière, {verdict.last_hash}", markup=False
                    )
                else:
                    broken = True
                    out.print(f"{found.slug} : chaîne rompue à la ligne {verdict.broken_at}", markup=False)
        finally:
            close_engine(engine)
    raise typer.Exit(1 if broken else 0)
