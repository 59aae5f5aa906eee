"""What a person may send about accounts and sign-in."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo

from coordination.identity.rules import password_fault
from coordination.kit.forms import Form


def _email(typed: str) -> str:
    local, at, host = typed.partition("@")
    if not at or not local or "." not in host or " " in typed or "@" in host:
        raise ValueError("Ce courriel n’a pas la forme nom@exemple.fr.")
    return typed


def _strong(typed: str) -> str:
    fault = password_fault(typed)
    if fault:
        raise ValueError(fault)
    return typed


def _same(typed: str, others: ValidationInfo) -> str:
    if others.data.get("password", typed) != typed:
        raise ValueError("Les deux mots de passe ne sont pas les mêmes.")
    return typed


Email = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_email)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Password = Annotated[str, AfterValidator(_strong)]


class SignInForm(Form):
    """E-mail and password; `suite` is where to go next."""

    email: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[str, Field(min_length=1, max_length=256)]
    suite: Annotated[str, Field(max_length=500)] = "/"


class SwitchForm(Form):
    """The membership to act for."""

    membership: UUID


class NewPasswordForm(Form):
    """A new password, typed twice."""

    password: Password
    again: Annotated[str, Field(max_length=1000), AfterValidator(_same)] = Field(default="", validate_default=True)


class WelcomeForm(NewPasswordForm):
    """The first sign-in of an invited person."""

    name: Name


class JoinForm(Form):
    """An invited person who already has an account: her name in the new organisation, and proof the account is hers."""

    name: Name
    password: Annotated[str, Field(min_length=1, max_length=256)]


class ChangePasswordForm(NewPasswordForm):
    """The current password, and the new one twice."""

    current: Annotated[str, Field(min_length=1, max_length=256)]
