-- What a journal of version 2 held after a clean stop, written out by the daemon of that version: it never changes.
BEGIN TRANSACTION;
CREATE TABLE channels (
    id INTEGER PRIMARY KEY,
    client TEXT NOT NULL,
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    head INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "channels" VALUES(1,'default','orders',0,0);
INSERT INTO "channels" VALUES(2,'default','',0,0);
CREATE TABLE idempotency (
    credential TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    notification TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (credential, key)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "inbox_items" VALUES(1,1,3,0,1800000000000,'',0,0,0,'');
INSERT INTO "inbox_items" VALUES(2,1,3,1,1800000000000,'',0,1,0,'');
CREATE TABLE inboxes (
    id INTEGER PRIMARY KEY,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    generation INTEGER NOT NULL,
    head INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    cursor INTEGER NOT NULL
) STRICT;
INSERT INTO "inboxes" VALUES(1,'default','anna',0,1,0,1);
INSERT INTO "inboxes" VALUES(2,'default','ben',0,0,0,0);
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('base_epoch','e');
INSERT INTO "meta" VALUES('boot_id','b');
INSERT INTO "meta" VALUES('clean','yes');
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
, targets TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO "notifications" VALUES(1,'delivered','default','channel','orders',X'7B226E223A317D',X'',5,1800000000000,1800000000000,1800086400000,1799999700000,'key-1','');
INSERT INTO "notifications" VALUES(2,'given-up','default','channel','orders',X'7B226E223A317D',X'',5,1800000000000,1800000000000,1800086400000,1799999700000,'key-1','');
INSERT INTO "notifications" VALUES(3,'for-anna','default','users','',X'7B226E223A317D',X'',5,1800000000000,1800000000000,1800086400000,1799999700000,'key-1','[["anna","ben"],[],""]');
INSERT INTO "notifications" VALUES(4,'scheduled','default','channel','orders',X'7B226E223A317D',X'',5,1800000000000,1800000001000,1800086401000,1799999701000,'key-1','');
INSERT INTO "notifications" VALUES(5,'push','default','push','',X'7B226E223A317D',X'',5,1800000000000,1800000000000,1800086400000,1799999700000,'key-1','[["ben"],[],"for-anna"]');
CREATE TABLE outcomes (
    seq INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    settled_at INTEGER NOT NULL,
    channel INTEGER,
    offset INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    attempts INTEGER NOT NULL
, reason TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO "outcomes" VALUES(1,'dispatched',1800000000000,1,1,0,0,'');
INSERT INTO "outcomes" VALUES(2,'dead',1800000000000,1,2,0,0,'fault');
INSERT INTO "outcomes" VALUES(3,'dispatched',1800000000000,2,1,0,0,'');
CREATE INDEX notifications_by_id ON notifications (id);
CREATE INDEX inbox_items_by_seq ON inbox_items (seq);
COMMIT;
