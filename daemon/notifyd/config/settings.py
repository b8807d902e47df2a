"""The whole configuration as one frozen value."""

from msgspec import Struct

from notifyd.config.applications import ClientSettings, GrpcSettings, InboxSettings, PushSettings, SocketIoSettings
from notifyd.config.delivering import ChannelRule, DeliverySettings, HistorySettings, ReceiptSettings
from notifyd.config.engines import BrokerSettings, BullMqSettings, ClusterSettings, RecordSettings
from notifyd.config.guaranteeing import (
    DeadLetterSettings,
    EventSettings,
    PresenceSettings,
    SubscriptionSettings,
    WebhookTable,
)
from notifyd.config.listening import HttpSettings, ServerSettings, WebSocketSettings
from notifyd.config.operating import (
    AdminSettings,
    ConsoleSettings,
    KeySettings,
    LimitSettings,
    LogSettings,
    MetricsSettings,
)


class Settings(Struct, frozen=True):
    """Every setting, a field for each section of the file; `Settings()` is the defaults.

    What a default takes from the surroundings (the state folder) is filled in by `load_settings` alone.
    """

    server: ServerSettings = ServerSettings()
    http: HttpSettings = HttpSettings()
    websocket: WebSocketSettings = WebSocketSettings()
    delivery: DeliverySettings = DeliverySettings()
    history: HistorySettings = HistorySettings()
    channels: tuple[ChannelRule, ...] = ()
    receipts: ReceiptSettings = ReceiptSettings()
    subscriptions: SubscriptionSettings = SubscriptionSettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    presence: PresenceSettings = PresenceSettings()
    events: EventSettings = EventSettings()
    webhooks: tuple[WebhookTable, ...] = ()
    broker: BrokerSettings = BrokerSettings()
    records: RecordSettings = RecordSettings()
    cluster: ClusterSettings = ClusterSettings()
    bullmq: BullMqSettings = BullMqSettings()
    keys: KeySettings = KeySettings()
    clients: ClientSettings = ClientSettings()
    inbox: InboxSettings = InboxSettings()
    socketio: SocketIoSettings = SocketIoSettings()
    grpc: GrpcSettings = GrpcSettings()
    push: PushSettings = PushSettings()
    limits: LimitSettings = LimitSettings()
    log: LogSettings = LogSettings()
    admin: AdminSettings = AdminSettings()
    metrics: MetricsSettings = MetricsSettings()
    console: ConsoleSettings = ConsoleSettings()
