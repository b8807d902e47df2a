"""How phones and browsers without a connection are reached: a port, and Firebase Cloud Messaging behind it.

Nothing here is imported before it is configured: the library takes a third of a second and 43 MiB. What an answer
means is decided in policy.pushing, when to send what in dispatch.push_router.
"""
