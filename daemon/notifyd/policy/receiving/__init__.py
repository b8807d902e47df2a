"""Connections and subscriptions: what they are sent, have acked and come back to."""
