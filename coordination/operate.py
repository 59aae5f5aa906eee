"""The commands of an operator's first day: networks, structures, invitations, the journal's verification."""

import secrets
from typing import Annotated

import typer

from coordination.terminal import Stop, app_url, get_settings, operator, out, plainly

network_app = typer.Typer(no_args_is_help=True, help="Les réseaux.")
organisation_app = typer.Typer(no_args_is_help=True, help="Les structures partenaires.")


def add_commands(app: typer.Typer) -> None:
    """These commands, on the command line."""
    app.add_typer(network_app, name="network")
    app.add_typer(organisation_app, name="organisation")
    for name, command in (("invite", invite), ("reset", reset), ("verify-journal", verify_journal)):
        app.command(name)(command)


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


def invite(
    network: Annotated[str, typer.Argument(help="Nom court du réseau.")],
    organisation: Annotated[str, typer.Argument(help="Nom court de la structure.")],
    email: Annotated[str, typer.Argument(help="Courriel de la personne invitée.")],
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
        raise Stop("Ce courriel n’a pas la forme nom@exemple.fr.", 2)
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


def reset(
    network: Annotated[str, typer.Argument(help="Nom court du réseau.")],
    organisation: Annotated[str, typer.Argument(help="Nom court de la structure.")],
    email: Annotated[str, typer.Argument(help="Courriel de la personne.")],
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


def verify_journal(
    network: Annotated[str, typer.Option(help="Nom court d’un réseau ; tous par défaut.")] = "",
) -> None:
    """Vérifie la chaîne du journal de chaque réseau : 0 si elle est entière, 1 sinon, avec le numéro de la ligne."""
    from coordination.audit.queries import verify
    from coordination.identity.queries import networks
    from coordination.kit.actor import Service
    from coordination.kit.db import acting
    from coordination.kit.engine import close_engine, make_engine

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
