-- The journal of the local broker, version 2: users, their inboxes, and why something was given up.

-- Whom it is for beside its channel: a JSON array of the users, the connections and the parent; '' for nobody.
ALTER TABLE notifications ADD COLUMN targets TEXT NOT NULL DEFAULT '';

-- Why it is dead.
ALTER TABLE outcomes ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- Every user for whom something is kept. head is the newest offset of which the row may be gone, floor the one up to
-- which nothing is kept any more, cursor the one up to which everything has arrived.
CREATE TABLE inboxes (
    id INTEGER PRIMARY KEY,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    generation INTEGER NOT NULL,
    head INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    cursor INTEGER NOT NULL
) STRICT;

-- What is or was in each inbox. user is the place of its user among those of the notification. ended is how it ended,
-- or '' where the inbox tells; where that is gone, it had arrived.
CREATE TABLE inbox_items (
    inbox INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    user INTEGER NOT NULL,
    stamped_at INTEGER NOT NULL,
    ended TEXT NOT NULL,
    connections INTEGER NOT NULL,
    pushed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (inbox, offset)
) STRICT, WITHOUT ROWID;

-- Finds the users of a receipt, and what goes with a notification.
CREATE INDEX inbox_items_by_seq ON inbox_items (seq);
