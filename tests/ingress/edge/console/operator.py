"""An operator at the console, without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.ingress.harness import ADMIN_TOKEN

if TYPE_CHECKING:
    from tests.ingress.harness import Reply, Service


class Operator:
    """Signs in, and says with each call what the page says."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.cookie = ""
        self.csrf = ""

    async def sign_in(self, token: str = ADMIN_TOKEN, **headers: str) -> Reply:
        """Bring a token."""
        sent = {"Origin": f"http://localhost:{self.service.port}", **named(headers)}
        reply = await self.service.call("POST", "/console/api/session", {"token": token}, headers=sent)
        if reply.status == 200:
            self.cookie = reply.headers["set-cookie"].partition(";")[0]
            self.csrf = reply.json["csrfToken"]
        return reply

    async def call(self, method: str, path: str, json: Any = None, **headers: str) -> Reply:
        """One call below /console/api; a header of "" is left out."""
        ours = {
            "Cookie": self.cookie, "X-CSRF-Token": self.csrf, "Origin": f"http://localhost:{self.service.port}",
            "Sec-Fetch-Site": "same-origin",
        }  # fmt: skip
        sent = {name: value for name, value in (ours | named(headers)).items() if value}
        if method == "POST" and json is None:
            json = {}
        return await self.service.call(method, f"/console/api{path}", json, headers=sent)


def named(headers: dict[str, str]) -> dict[str, str]:
    """Headers as they are spelt: `x_csrf_token` as X-CSRF-Token."""
    words = {"csrf": "CSRF"}
    return {"-".join(words.get(part, part.title()) for part in name.split("_")): text for name, text in headers.items()}
