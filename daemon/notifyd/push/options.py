"""What Firebase Cloud Messaging has to be told."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from notifyd.errors import Invalid

#: Where Google answers, unless `FcmOptions.endpoint` names another place.
_FCM: Final = "https://fcm.googleapis.com"
_TOKENS: Final = "https://oauth2.googleapis.com"

_ADVICE: Final = "take it from the service account's file, or remove all three FIREBASE_ settings to go without push"

_PROJECT: Final = re.compile(r"[A-Za-z0-9.:_-]{1,128}")


class FcmOptions(msgspec.Struct, frozen=True):
    """A service account of a Firebase project, and how it is used."""

    project_id: str
    client_email: str
    #: PEM, with real line breaks.
    private_key: str
    #: For a connection to stand, and again for the answer.
    timeout_seconds: float = 10.0
    #: Stands in for Google where it is set, such as http://127.0.0.1:9099: for messages and for access tokens.
    endpoint: str = ""
    #: Messages on the way at once; each takes a thread.
    max_in_flight: int = 50

    def __repr__(self) -> str:
        return f"FcmOptions(project_id={self.project_id!r}, endpoint={self.endpoint!r})"

    @property
    def send_url(self) -> str:
        """Where messages go."""
        return f"{self.endpoint.rstrip('/') or _FCM}/v1/projects/{self.project_id}/messages:send"

    @property
    def token_url(self) -> str:
        """Where access tokens come from."""
        return f"{self.endpoint.rstrip('/') or _TOKENS}/token"

    def check(self) -> None:
        """Pass where everything but the key is in order.

        Raises:
            Invalid: a field cannot be right; the message names it and says what it should be.
        """
        if not _PROJECT.fullmatch(self.project_id):
            raise Invalid(
                "FIREBASE_PROJECT_ID (push.firebase_project_id) is no project id: " + _ADVICE, code="config_invalid"
            )
        if "@" not in self.client_email:
            raise Invalid(
                "FIREBASE_CLIENT_EMAIL (push.firebase_client_email) is no e-mail address: " + _ADVICE,
                code="config_invalid",
            )
        if self.endpoint and not (
            urlsplit(self.endpoint).scheme in {"http", "https"} and urlsplit(self.endpoint).hostname
        ):
            raise Invalid("the FCM endpoint must be an http:// or https:// address", code="config_invalid")
