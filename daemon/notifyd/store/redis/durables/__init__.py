"""How far durable subscriptions are."""
