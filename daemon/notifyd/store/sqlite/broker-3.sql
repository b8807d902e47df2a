-- The journal of the local broker, version 3: acks, timelines, dead letters, durable subscriptions.

-- How many receivers acked a notification. A table of its own, because acks come long after the outcome was written.
CREATE TABLE acks (
    notification TEXT PRIMARY KEY,
    acked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened to a notification and is told by nothing else; n counts from 1.
CREATE TABLE timeline (
    notification TEXT NOT NULL,
    n INTEGER NOT NULL,
    at INTEGER NOT NULL,
    happening TEXT NOT NULL,
    user TEXT NOT NULL,
    receiver TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (notification, n)
) STRICT, WITHOUT ROWID;

-- What was given up. letter is the whole of it as JSON: only ids and instants are looked for.
CREATE TABLE dead_letters (
    id TEXT PRIMARY KEY,
    died_at INTEGER NOT NULL,
    letter BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each durable subscription is; settled and attempts are JSON arrays.
CREATE TABLE durables (
    client TEXT NOT NULL,
    channel TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    epoch TEXT NOT NULL,
    floor INTEGER NOT NULL,
    settled TEXT NOT NULL,
    attempts TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (client, channel, owner, name)
) STRICT, WITHOUT ROWID;
