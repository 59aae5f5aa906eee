"""Clients that speak like a partner's software: a bearer token, no cookie, nothing a browser would add."""

from typing import Any

from httpx import Response

from tests.calling import Caller
from tests.cast import PASSWORD

API = "/api/v1"


class Client(Caller):
    """Speaks JSON under /api/v1; a bearer once `sign_in` was called."""

    def ask_token(self, email: str, password: str = PASSWORD, **more: str) -> Response:
        form = {"grant_type": "password", "username": email, "password": password, **more}
        answer: Response = self.post(f"{API}/token", data=form)
        return answer

    def sign_in(self, email: str) -> "Client":
        answer = self.ask_token(email)
        assert answer.status_code == 200, answer.text
        self.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    def ok(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of an answer that must be a good one."""
        answer = self.request(method, API + path, **more)
        assert answer.status_code in (200, 201), (path, answer.status_code, answer.text)
        return answer.json()


def problem(answer: Response) -> dict[str, Any]:
    """The problem that was answered, checked to be one."""
    assert answer.headers["content-type"] == "application/problem+json", answer.headers
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    return body
