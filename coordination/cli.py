"""The command line: run, serve, upgrade, demo, generate, networks, organisations, invitations, journal, rav…

What is heavy is imported by the command that needs it: a computation needs neither a database nor settings.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coordination.operate import add_commands
from coordination.terminal import Stop, app_url, cluster, errors, get_settings, operator, out, plainly

if TYPE_CHECKING:
    from coordination.settings import Settings

HELP = "Coordination : servir les pages, préparer un réseau, calculer un reste à vivre."
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=HELP)
LAST_PORT_TRIED = 40


def do_upgrade(settings: "Settings") -> None:
    """Roles when an administrator's address is given, then tables and policies."""
    from coordination.kit.roles import prepare_server
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
        settings = addressed(settings, chosen)
        announce(settings, chosen)
        with background_worker(settings):
            start_server(settings, "127.0.0.1", chosen, workers=1)


def addressed(settings: "Settings", port: int) -> "Settings":
    """The same settings, whose links lead to the port that is served, here and in the worker, unless an address was
    given."""
    from coordination.settings import get_settings as read

    if "base_url" in settings.model_fields_set:
        return settings
    os.environ["COORDINATION_BASE_URL"] = f"http://127.0.0.1:{port}"
    read.cache_clear()
    return get_settings()


@contextmanager
def background_worker(settings: "Settings") -> Iterator[None]:
    """The worker beside the pages, for as long as they are served; it ends by itself if we are killed."""
    settings.signing_key()
    beside = subprocess.Popen(
        [sys.executable, "-m", "coordination", "worker", "--beside"],
        cwd=Path(__file__).resolve().parents[1],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        beside.terminate()
        beside.wait(20)


def end_with_parent() -> None:
    """Ends this process once the one that started it is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def load_demo(url: str) -> None:
    """Loads the demonstration and says how far it is."""
    from coordination.demo.load import load

    what = "Chargement de la démonstration (personnes fictives)…"
    with out.status(what) as shown:
        load(url, progress=lambda done, total: shown.update(f"{what} {done} foyers sur {total}"))


def announce(settings: "Settings", port: int) -> None:
    """Says where it is served, and who can sign in to the demonstration."""
    out.print(f"\nCoordination est prête : http://127.0.0.1:{port}", style="bold")
    out.print(f"Données : {settings.data_dir}    Arrêter : Ctrl+C, puis « make stop » pour la base.")
    if settings.demo:
        from rich.table import Table

        from coordination.demo.accounts import PASSWORD, shown

        table = Table("Compte de démonstration", "Courriel")
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


def start_server(settings: "Settings", host: str, port: int, workers: int) -> None:
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
    """Refuses a powerful role before anything is served or sent; each process checks it again. PostgreSQL, when it is
    away, is waited for."""
    from sqlalchemy import Engine
    from sqlalchemy.exc import OperationalError

    from coordination.kit.db import refuse_powerful_role
    from coordination.kit.engine import STARTS, close_engine, make_engine, once_it_answers

    waits: list[str] = []

    def check(engine: Engine) -> None:
        try:
            refuse_powerful_role(engine)
        except OperationalError:
            if not waits:
                waits.append(
                    f"La base de données ne répond pas encore : elle est attendue, {STARTS:.0f} secondes au plus."
                )
                errors.print(waits[0])
            raise

    engine = make_engine(url, size=1, timeout=2)
    try:
        once_it_answers(engine, check)
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
def worker(
    once: Annotated[bool, typer.Option("--once", help="Fait chaque tâche une fois, puis s’arrête.")] = False,
    beside: Annotated[bool, typer.Option("--beside", hidden=True)] = False,
) -> None:
    """Travaille en arrière-plan : avis, relances et courriels. Plusieurs peuvent travailler ensemble."""
    from coordination.kit.engine import close_engine, make_engine
    from coordination.notices import jobs
    from coordination.outside import jobs as links
    from coordination.rights import jobs as rights

    with plainly():
        if beside:
            end_with_parent()
        settings = get_settings()
        url = app_url(settings)
        check_role(url)
        mailer = settings.mailer()
        if mailer is None:
            out.print("COORDINATION_SMTP_URL n’est pas donné : les avis s’affichent, aucun courriel ne part.")
        engine = make_engine(url)
        try:
            turns = jobs.turns(engine, mailer, settings.base_url) | rights.turns(engine, settings.rights_interpreter())
            turns |= links.turns(engine, mailer, settings.base_url, settings.signing_key())
            if once:
                for _, turn in turns.values():
                    turn()
                return
            out.print("Le travail en arrière-plan a commencé. Arrêter : Ctrl+C.")
            jobs.work(url, turns)
        finally:
            close_engine(engine)


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


@app.command()
def generate(
    base: Annotated[str, typer.Argument(help="Nom d’une base vide, créée si elle manque. Jamais celle que l’on sert.")],
    households: Annotated[int, typer.Option(min=1, max=5_000_000, help="Combien de foyers.")] = 1000,
    networks: Annotated[int, typer.Option(min=1, max=1000, help="Dans combien de réseaux.")] = 50,
    seed: Annotated[int, typer.Option(help="La graine du tirage.")] = 1,
) -> None:
    """Remplit une base vide de foyers inventés, pour mesurer ou essayer en grand (réseaux de démonstration)."""
    from coordination.generate.console import generate as fill_base

    with plainly():
        settings = get_settings()
        if settings.embedded:
            found = cluster(settings)
            addresses = (found.admin_url, found.owner_url, found.app_url)
        else:
            if settings.database_admin_url is None:
                raise Stop("DATABASE_ADMIN_URL manque : remplir une base demande un administrateur du serveur.")
            addresses = (settings.database_admin_url, settings.owner_url(), app_url(settings))
        fill_base(out, addresses, base, households=households, networks=networks, seed=seed)


@app.command("database-url")
def database_url(
    role: Annotated[str, typer.Option(help="app ou owner.")] = "app",
) -> None:
    """Affiche l’adresse de la base (avec son mot de passe), pour psql ou une sauvegarde."""
    from coordination.kit.roles import libpq

    with plainly():
        settings = get_settings()
        if role not in ("app", "owner"):
            raise Stop("Choisissez --role app ou --role owner.", 2)
        if settings.embedded:
            found = cluster(settings)
            out.print(libpq(found.app_url if role == "app" else found.owner_url), markup=False)
            return
        out.print(libpq(app_url(settings) if role == "app" else settings.owner_url()), markup=False)


# ------------------------------------------------------------------ without any database


@app.command()
def rav(
    case: Annotated[str, typer.Argument(metavar="CAS.json", help="Le foyer et son budget ; « - » lit l’entrée.")] = "",
    bareme: Annotated[list[str] | None, typer.Option(help="Code ou fichier .yaml ; tous par défaut.")] = None,
    on: Annotated[str, typer.Option(help="Jour du calcul, AAAA-MM-JJ.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Réponse en JSON.")] = False,
    reproduce: Annotated[str, typer.Option(metavar="ID", help="Refait un budget validé et compare.")] = "",
) -> None:
    """Calcule un reste à vivre, sans base (docs/baremes/README.md). Finit par 1 si aucun barème ne peut répondre,
    par 2 si le cas ou un barème est à corriger.

    Avec --reproduce, refait le calcul d’un budget validé de la base, avec ses lignes et la version d’alors de chaque
    barème : 0 si chaque chiffre est celui qui a été figé, 1 sinon, en disant où, 2 si ce budget n’existe pas."""
    if reproduce or not case:
        if case or bareme or on or not reproduce:
            raise Stop("Donnez un cas à calculer, ou --reproduce avec l’identifiant d’un budget, pas les deux.", 2)
        do_reproduce(reproduce, as_json=as_json)
    from coordination.budgets.console import Unreadable
    from coordination.budgets.console import rav as compute

    try:
        answer, answered = compute(case, bareme or [], on, as_json=as_json)
    except Unreadable as fault:
        raise Stop(str(fault), 2) from fault
    typer.echo(answer)
    raise typer.Exit(0 if answered else 1)


def do_reproduce(assessment: str, *, as_json: bool) -> None:
    """Computes a validated budget again, by the operator's door; ends the command."""
    from coordination.budgets.reproduce import UnknownBudget, reproduce

    with plainly(), operator() as session:
        try:
            text, holds = reproduce(session, assessment, as_json=as_json)
        except UnknownBudget as unknown:
            raise Stop(str(unknown), 2) from unknown
    typer.echo(text)
    raise typer.Exit(0 if holds else 1)


@app.command("check-policies")
def check_policies(
    folder: Annotated[str, typer.Argument(help="Dossier de barèmes ; ceux de la maison par défaut.")] = "",
    release: Annotated[bool, typer.Option("--release", help="Note les nouvelles versions comme publiées.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Affiche plutôt le schéma JSON d’un barème.")] = False,
) -> None:
    """Vérifie barèmes, délais et routes : chaque faute, sa ligne et ce qu’il faut écrire (alors, finit par 1)."""
    from coordination.budgets.console import Unreadable, bareme_schema, policies

    if schema:
        typer.echo(bareme_schema())
        return
    from coordination.kit.parameters import BadParameters
    from coordination.referrals.console import policies as delays_and_routes

    try:
        typer.echo(policies(folder, release=release))
        if said := delays_and_routes(folder):
            typer.echo(said)
    except (Unreadable, BadParameters) as fault:
        raise Stop(str(fault)) from fault


add_commands(app)
