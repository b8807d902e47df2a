-- The journal of the local broker, version 1. Instants are milliseconds since the Unix epoch.

-- What is true of the whole file: base_epoch, generation, boot_id, clean, paused.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every accepted notification, as it was accepted; a row never changes. seq is the order of acceptance.
CREATE TABLE notifications (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    data BLOB NOT NULL,
    metadata BLOB NOT NULL,
    priority INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    order_key INTEGER NOT NULL,
    submitted_by TEXT NOT NULL
) STRICT;

-- Finds a receipt. Ids rise with time, so that new ones are appended to the index.
CREATE INDEX notifications_by_id ON notifications (id);

-- How each notification ended; one without a row here waits. A table of its own, because to change the row of a
-- notification would write all of its data once more. channel and offset are set by the stamp. state is 'waiting' for
-- what was stamped and not yet dispatched when the daemon stopped.
CREATE TABLE outcomes (
    seq INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    settled_at INTEGER NOT NULL,
    channel INTEGER,
    offset INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT;

-- Every channel that has a history. head is the newest offset of which the row may be gone.
CREATE TABLE channels (
    id INTEGER PRIMARY KEY,
    client TEXT NOT NULL,
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    head INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Idempotency keys, each with the id that its first request was answered.
CREATE TABLE idempotency (
    credential TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    notification TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (credential, key)
) STRICT, WITHOUT ROWID;
