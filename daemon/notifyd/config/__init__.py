"""The configuration: one declaration of every setting, and the sources that values come from."""

from notifyd.config.delivering import ChannelRule, DeliverySettings, HistorySettings, ReceiptSettings
from notifyd.config.listening import HttpSettings, ServerSettings, WebSocketSettings
from notifyd.config.operating import (
    AdminSettings,
    BrokerSettings,
    KeySettings,
    LimitSettings,
    LogSettings,
    MetricsSettings,
    RecordSettings,
)
from notifyd.config.settings import Settings

__all__ = [
    "AdminSettings",
    "BrokerSettings",
    "ChannelRule",
    "DeliverySettings",
    "HistorySettings",
    "HttpSettings",
    "KeySettings",
    "LimitSettings",
    "LogSettings",
    "MetricsSettings",
    "ReceiptSettings",
    "RecordSettings",
    "ServerSettings",
    "Settings",
    "WebSocketSettings",
]
