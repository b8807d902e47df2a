"""Calling webhooks: signed events by HTTP.

`ports` says what is promised; `http` keeps it with httpx, and is loaded where a webhook is configured.
"""
