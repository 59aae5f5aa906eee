"""What an installation decides: read from the environment once, checked, and refused in plain French."""

import secrets
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from coordination.kit.embedded import default_data_dir, write_secret
from coordination.kit.mail import Mailer

KEY_LENGTH = 32
RIGHTS_PYTHON = Path(__file__).resolve().parents[1] / ".venv-rights" / "bin" / "python"
NEW_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
SCHEMES = ("postgresql+psycopg://", "postgresql://", "postgres://")


class SettingsError(Exception):
    """Un réglage manque ou n’est pas valable."""


class Settings(BaseSettings):
    """One field per variable. Without DATABASE_URL the embedded server is used, in demonstration mode."""

    model_config = SettingsConfigDict(frozen=True, populate_by_name=True, extra="ignore", env_ignore_empty=True)

    database_url: str | None = Field(default=None, alias="DATABASE_URL")
    database_owner_url: str | None = Field(default=None, alias="DATABASE_OWNER_URL")
    database_admin_url: str | None = Field(default=None, alias="DATABASE_ADMIN_URL")
    data_dir: Path = Field(default_factory=default_data_dir, alias="COORDINATION_DATA_DIR")
    secret_key: SecretStr | None = Field(default=None, alias="COORDINATION_SECRET_KEY")
    demo_asked: bool | None = Field(default=None, alias="COORDINATION_DEMO")
    base_url: str = Field(default="http://127.0.0.1:8000", alias="COORDINATION_BASE_URL")
    secure_cookies_asked: bool | None = Field(default=None, alias="COORDINATION_SECURE_COOKIES")
    trusted_proxy: str = Field(default="", alias="COORDINATION_TRUSTED_PROXY")
    smtp_url: SecretStr | None = Field(default=None, alias="COORDINATION_SMTP_URL")
    rights_python: Path | None = Field(default=None, alias="COORDINATION_RIGHTS_PYTHON")
    mail_from: str = Field(default="", alias="COORDINATION_MAIL_FROM")

    @property
    def embedded(self) -> bool:
        """No database was given: the one we carry is started."""
        return self.database_url is None

    @property
    def demo(self) -> bool:
        """Demonstration mode: what was asked by name, else only in the embedded base."""
        return self.embedded if self.demo_asked is None else self.demo_asked

    @property
    def secure_cookies(self) -> bool:
        """Cookies travel over https only, as soon as the public address is in https."""
        if self.secure_cookies_asked is None:
            return self.base_url.startswith("https://")
        return self.secure_cookies_asked

    def mailer(self) -> Mailer | None:
        """What sends mail; None when the installation names no server: notices then stay on screen."""
        if self.smtp_url is None:
            return None
        if not self.mail_from:
            raise SettingsError("COORDINATION_MAIL_FROM manque : c’est l’adresse dont partent les courriels.")
        return Mailer(self.smtp_url.get_secret_value(), self.mail_from)

    def rights_interpreter(self) -> Path | None:
        """The Python that has openfisca-france (`make rights`); None where rights are not estimated."""
        found = self.rights_python or RIGHTS_PYTHON
        return found if found.exists() else None

    def signing_key(self) -> str:
        """The secret that signs links. Drawn once beside the embedded data; never guessed anywhere else."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        if not self.embedded:
            raise SettingsError(f"COORDINATION_SECRET_KEY manque. Pour en créer une : {NEW_KEY}")
        path = self.data_dir / "secret.key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_secret(path, secrets.token_urlsafe(48))
        return path.read_text()

    def owner_url(self) -> str:
        """The address of the migrating role, when the database is not the embedded one."""
        if self.database_owner_url is None:
            raise SettingsError("DATABASE_OWNER_URL manque : c’est l’adresse du rôle propriétaire, celui qui migre.")
        return self.database_owner_url

    @field_validator("database_url", "database_owner_url", "database_admin_url")
    @classmethod
    def _psycopg(cls, url: str | None) -> str | None:
        if url is None:
            return None
        for scheme in SCHEMES:
            if url.startswith(scheme):
                return SCHEMES[0] + url.removeprefix(scheme)
        raise ValueError("une adresse de la forme postgresql://rôle:motdepasse@serveur:5432/base est attendue")

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            parts = urlsplit(url.get_secret_value())
            if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
                raise ValueError("une adresse comme smtp://compte:motdepasse@serveur:587 est attendue, ou smtps://")
        return url

    @field_validator("mail_from")
    @classmethod
    def _address(cls, address: str) -> str:
        if address and "@" not in address.strip(" @"):
            raise ValueError("une adresse comme coordination@exemple.fr est attendue")
        return address.strip()

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < KEY_LENGTH:
            raise ValueError(f"{KEY_LENGTH} caractères au moins sont attendus ; pour en créer une : {NEW_KEY}")
        return key

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().resolve()

    @field_validator("base_url")
    @classmethod
    def _origin(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("une adresse comme https://coordination.exemple.fr est attendue, sans chemin")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("trusted_proxy")
    @classmethod
    def _networks(cls, value: str) -> str:
        named = [part.strip() for part in value.split(",") if part.strip()]
        for part in named:
            if part == "*":
                continue
            try:
                ip_network(part, strict=False)
            except ValueError:
                raise ValueError("une ou plusieurs adresses IP sont attendues, séparées par des virgules") from None
        return ",".join(named)


def variables() -> frozenset[str]:
    """The names of all the variables the product reads."""
    return frozenset(field.alias for field in Settings.model_fields.values() if field.alias)


def load_settings() -> Settings:
    """The settings of the environment, or one French sentence per variable to mend (their values are not shown)."""
    try:
        return Settings()
    except ValidationError as refused:
        raise SettingsError("\n".join(_sentence(error["loc"], error) for error in refused.errors())) from None


def _sentence(place: tuple[int | str, ...], error: object) -> str:
    name = str(place[0]) if place else ""
    details = error if isinstance(error, dict) else {}
    reason = details.get("ctx", {}).get("error") if details.get("type") == "value_error" else None
    if reason is None and str(details.get("type", "")).startswith("bool"):
        reason = "« true » ou « false » est attendu"
    return f"{name} n’est pas valable : {reason or 'la valeur ne peut pas être lue'}."


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
