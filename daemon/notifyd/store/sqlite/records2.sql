-- Records, version 2: clients and devices. Instants are milliseconds since the Unix epoch.

-- Registered clients, their secrets sealed. record is JSON: few and small, read whole at start.
CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Push tokens of users. There may be millions: asked for by user.
CREATE TABLE devices (
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;

-- A token belongs to one user of one client.
CREATE UNIQUE INDEX devices_by_token ON devices (client, token);

CREATE INDEX devices_by_user ON devices (client, user, seen_at);

CREATE UNIQUE INDEX devices_by_id ON devices (id);
