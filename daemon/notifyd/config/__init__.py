"""The configuration: one declaration of every setting, and the sources that values come from."""

from notifyd.config.catalogue import Entry, catalogue
from notifyd.config.delivering import ChannelRule, DeliverySettings, HistorySettings, ReceiptSettings
from notifyd.config.diff import Change, diff_settings, reloaded, value_of
from notifyd.config.engines import BrokerSettings, BullMqSettings, ClusterSettings, RecordSettings
from notifyd.config.guaranteeing import WebhookTable
from notifyd.config.listening import HttpSettings, ServerSettings, WebSocketSettings
from notifyd.config.load import Loaded, load_settings
from notifyd.config.operating import (
    AdminSettings,
    ConsoleSettings,
    KeySettings,
    LimitSettings,
    LogSettings,
    MetricsSettings,
)
from notifyd.config.places import state_folder
from notifyd.config.problems import ConfigInvalid, ConfigProblem
from notifyd.config.settings import Settings

__all__ = [
    "AdminSettings",
    "BrokerSettings",
    "BullMqSettings",
    "Change",
    "ChannelRule",
    "ClusterSettings",
    "ConfigInvalid",
    "ConfigProblem",
    "ConsoleSettings",
    "DeliverySettings",
    "Entry",
    "HistorySettings",
    "HttpSettings",
    "KeySettings",
    "LimitSettings",
    "Loaded",
    "LogSettings",
    "MetricsSettings",
    "ReceiptSettings",
    "RecordSettings",
    "ServerSettings",
    "Settings",
    "WebSocketSettings",
    "WebhookTable",
    "catalogue",
    "diff_settings",
    "load_settings",
    "reloaded",
    "state_folder",
    "value_of",
]
