"""Requests that belong to a session which another worker of this daemon holds.

Workers share their ports, and the kernel gives each connection to any of them. A session of Socket.IO that polls is
made of many requests, which may come over many connections: its sid names the worker that holds it, and the others pass
on what comes to them, over a Unix socket that nobody else may open.
"""
