"""The image and the compose file, read word by word: every command, variable, path and service they name exists."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from coordination.settings import Settings, variables

CLONE = Path(__file__).resolve().parents[2]
TEXT = (CLONE / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "coordination"}
DOCKERFILE = (CLONE / "Dockerfile").read_text()
CADDYFILE = (CLONE / "deploy" / "Caddyfile").read_text()
EXAMPLE = (CLONE / ".env.example").read_text()
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::?([-?])([^}]*))?\}")


def check_command(words: list[str]) -> None:
    """The command exists on our command line, with these options."""
    from coordination.cli import app

    assert words[0] == "coordination"
    command: Any = typer.main.get_command(app)
    options = {"--help"}
    for word in words[1:]:
        if word in getattr(command, "commands", {}):
            command = command.commands[word]
            options |= {option for parameter in command.params for option in parameter.opts}
        else:
            assert not word.startswith("-") or word in options, f"{word} is not an option of {words}"
    assert not getattr(command, "commands", None), f"{words} names no command"


def docker_lines(instruction: str) -> list[list[str]]:
    joined = DOCKERFILE.replace("\\\n", " ")
    found = re.findall(rf"^\s*(?:HEALTHCHECK .*)?{instruction} (.+)$", joined, re.MULTILINE)
    return [yaml.safe_load(line) if line.startswith("[") else shlex.split(line) for line in found]


def test_the_services_are_the_ones_a_server_needs() -> None:
    assert set(SERVICES) == {"postgres", "upgrade", "app", "worker", "caddy", "mailpit"}
    assert set(OURS) == {"upgrade", "app", "worker"}
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["mailpit"]["profiles"] == ["dev"]
    assert all("profiles" not in service for name, service in SERVICES.items() if name != "mailpit")


@pytest.mark.parametrize("name", sorted(OURS))
def test_commands_of_the_compose_file_exist(name: str) -> None:
    check_command(OURS[name]["command"])


def test_commands_of_the_dockerfile_exist() -> None:
    commands = [words for words in docker_lines("CMD") if words[0] == "coordination"]
    assert commands
    for words in commands:
        check_command(words)


def test_commands_named_in_comments_exist() -> None:
    named = re.findall(r"run --rm app (coordination [a-z -]+)", TEXT)
    assert named
    for line in named:
        check_command(line.split())


@pytest.mark.parametrize("name", sorted(OURS))
def test_variables_given_to_the_product_are_settings_it_reads(name: str) -> None:
    assert set(OURS[name]["environment"]) <= variables()


def test_only_the_upgrade_holds_the_powerful_passwords() -> None:
    for name, service in SERVICES.items():
        text = yaml.safe_dump(service)
        assert ("OWNER_PASSWORD" in text) == (name == "upgrade")
        assert ("POSTGRES_PASSWORD" in text) == (name in ("upgrade", "postgres"))


def test_a_secret_has_no_default_and_the_example_names_every_variable() -> None:
    used = VARIABLE.findall(TEXT)
    mail = {"COORDINATION_SMTP_URL", "COORDINATION_MAIL_FROM"}  # empty, and nothing is sent
    assert {name for name, mark, said in used if mark != "?" and said} == {"COORDINATION_WORKERS"}
    assert {name for name, mark, said in used if mark != "?" and not said} == mail
    assert all(said for _, mark, said in used if mark == "?")
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert set(given) == {name for name, _, _ in used}
    assert {name for name, value in given.items() if value} == {"COORDINATION_WORKERS"}


def test_the_roles_and_bases_of_the_addresses_are_ours() -> None:
    environment = SERVICES["upgrade"]["environment"]
    addresses = {name: environment[name] for name in environment if name.startswith("DATABASE_")}
    found = {name: re.match(r"postgresql://(\w+):\$\{.+\}@(\w+):5432/(\w+)$", url) for name, url in addresses.items()}
    assert {name: match.groups() for name, match in found.items() if match} == {
        "DATABASE_URL": ("coordination_app", "postgres", "coordination"),
        "DATABASE_OWNER_URL": ("coordination_owner", "postgres", "coordination"),
        "DATABASE_ADMIN_URL": ("postgres", "postgres", "postgres"),
    }


def test_every_name_leads_to_something_declared() -> None:
    for service in SERVICES.values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for other, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other] or other in OURS  # ours is in the Dockerfile
            else:
                assert SERVICES[other]["restart"] == "no"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (CLONE / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"]
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert set(COMPOSE["volumes"]) == {name for name in used if not name.startswith(".")}


def test_services_that_last_say_whether_they_are_well() -> None:
    for name, service in SERVICES.items():
        if service["restart"] != "no":
            assert "healthcheck" in service or name in OURS
    assert "HEALTHCHECK" in DOCKERFILE


def test_images_are_pinned_to_a_version() -> None:
    images = [service["image"] for service in SERVICES.values() if service["image"] != "coordination"]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert all(re.search(r":v?\d", image) for image in images)


def test_only_caddy_is_seen_from_outside_and_the_database_sees_nobody() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"caddy", "mailpit"}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["mailpit"]["ports"])
    assert SERVICES["postgres"]["networks"] == ["back"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert "back" not in SERVICES["caddy"]["networks"]


def test_paths_copied_into_the_image_exist_and_reach_the_builder() -> None:
    allowed = re.findall(r"^!(\S+)", (CLONE / ".dockerignore").read_text(), re.MULTILINE)
    copied = [words[0] for words in docker_lines("COPY") if not words[0].startswith("--")]
    assert copied
    for path in copied:
        assert (CLONE / path).exists(), path
        assert path.split("/")[0] in allowed
    assert re.search(r"^USER (?!root)\w+", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE


def test_caddy_knows_the_application_and_its_variables() -> None:
    target = re.findall(r"reverse_proxy (\w+):(\d+)", CADDYFILE)
    words = SERVICES["app"]["command"]
    assert target == [("app", words[words.index("--port") + 1])]
    assert set(re.findall(r"\{\$([A-Z_]+)\}", CADDYFILE)) <= set(SERVICES["caddy"]["environment"])
    checked = SERVICES["caddy"]["healthcheck"]["test"][-1].rstrip("/")
    assert f"{checked} {{" in CADDYFILE


def test_the_health_check_asks_a_page_that_exists() -> None:
    from coordination.main import create_app

    asked = re.search(r"http://127.0.0.1:8000(/\w+)", DOCKERFILE)
    assert asked
    url = "postgresql+psycopg://coordination_app:x@127.0.0.1:1/coordination"
    settings = Settings.model_validate({"DATABASE_URL": url, "COORDINATION_SECRET_KEY": "x" * 40})
    routes = create_app(settings, url).routes
    assert asked[1] in {getattr(route, "path", None) for route in routes}
