"""The web console at /console: a page without a build step, and the calls that it makes.

The page and its files are in static/, as they are served. It is open to everybody, because its test client needs no
more than an API key; what only operators may is below /console/api and behind a session.
"""
