"""Registered applications, and tokens for their users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import now_ms
from notifyd.ingress.rpc.seconds import milliseconds_of
from notifyd.model.ids import ClientId
from notifyd.service.clients.clients import ClientChanges, Clients, NewClient, RegisteredClient
from notifyd.v1 import admin_pb2 as pb
from notifyd.v1 import types_pb2
from notifyd.wire.rpc.messages import any_client_of, client_message, client_of, timestamp_of

if TYPE_CHECKING:
    from notifyd.model.client import Client
    from notifyd.service.access.tokens import Tokens


class ClientCalls:
    """Register, list, show, update, rotate, remove."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def register_client(self, request: pb.RegisterClientCommand) -> pb.RegisteredClient:
        """Make a client."""
        wanted = NewClient(
            name=request.name,
            secret=request.secret,
            url=request.url,
            description=request.description,
            cookie_name=request.cookie_name,
            id=request.id,
        )
        return _registered(await self._clients.register(wanted))

    async def list_clients(self, _request: pb.ListClientsRequest) -> pb.ListClientsResponse:
        """All of them."""
        return pb.ListClientsResponse(clients=map(_record, self._clients.list()))

    async def get_client(self, request: pb.GetClientRequest) -> types_pb2.Client:
        """One of them."""
        return _record(self._clients.get(ClientId(request.id)))

    async def update_client(self, request: pb.UpdateClientRequest) -> types_pb2.Client:
        """Change what a client says of itself."""
        names = ("name", "url", "description", "cookie_name")
        given = {name: getattr(request, name) for name in names if request.HasField(name)}
        return _record(await self._clients.update(ClientId(request.id), ClientChanges(**given)))

    async def rotate_client_secret(self, request: pb.RotateClientSecretRequest) -> pb.RegisteredClient:
        """Give a client a new secret."""
        overlap_ms = milliseconds_of(request, "overlap_seconds")
        identifier = ClientId(request.id)
        return _registered(await self._clients.rotate_secret(identifier, secret=request.secret, overlap_ms=overlap_ms))

    async def remove_client(self, request: pb.RemoveClientRequest) -> types_pb2.Client:
        """Forget a client and what belongs to it."""
        return _record(await self._clients.remove(ClientId(request.id)))


class TokenCalls:
    """Mint and verify."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def mint_token(self, request: pb.MintTokenRequest) -> pb.MintedToken:
        """A token for a user, to try things out."""
        ttl_ms = milliseconds_of(request, "ttl_seconds")
        options = {} if ttl_ms is None else {"ttl_ms": ttl_ms}
        client_id = client_of(request.client_id)
        minted = self._tokens.mint(client_id, request.user_id, channels=tuple(request.channels), **options)
        return pb.MintedToken(token=minted.token, expires_at=timestamp_of(minted.expires_at))

    async def verify_token(self, request: pb.VerifyTokenRequest) -> pb.VerifiedToken:
        """What a token says, if it is good."""
        claims = self._tokens.verify_claims(request.token, any_client_of(request.client_id))
        return pb.VerifiedToken(
            client_id=claims.client_id,
            user_id=claims.user_id,
            expires_at=timestamp_of(claims.expires_at),
            channels=claims.channels,
            previous_secret=claims.previous_secret,
        )


def _record(client: Client) -> types_pb2.Client:
    return client_message(client, now=now_ms())


def _registered(registered: RegisteredClient) -> pb.RegisteredClient:
    return pb.RegisteredClient(
        client=_record(registered.client), secret=registered.secret, warnings=registered.warnings
    )
