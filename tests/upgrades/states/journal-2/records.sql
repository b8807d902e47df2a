BEGIN TRANSACTION;
CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "clients" VALUES('7f8eb834654e71046a2fcc58','{"id":"7f8eb834654e71046a2fcc58","name":"app","secret":"v1.7m0xGheXdcYaIHF26xwdX6xzQFP95mFpYSWz_wUIZuAREEmUK4Zz2LTU2XEAWb3wU0zwyTjBvpQSpj6H_umrAQOOq6vc1ZM=","created_at":1795346146903,"url":"","description":"","cookie_name":"","updated_at":1795346146903,"previous_secret":"","previous_until":null}');
INSERT INTO "clients" VALUES('default','{"id":"default","name":"default","secret":"v1.NBixBZz5BE5PGYLRLrBFZ3OqOFrU8GUEB3qy-XFM299jsKhZKCPrvGtkE_9_uHcizQhhJV-k5WOZ_UKYimlcaPr5EQfLUGM=","created_at":1795346146080,"url":"","description":"","cookie_name":"","updated_at":1795346146080,"previous_secret":"","previous_until":null}');
CREATE TABLE devices (
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
INSERT INTO "devices" VALUES('dev_05626fc815a27bd6','7f8eb834654e71046a2fcc58','alice','fcm-token-of-alice',1795346147203,1795346147203);
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO "keys" VALUES('key_f1b168e645498f74','{"id":"key_f1b168e645498f74","client_id":"default","name":"shop","digest":"be5d03cd7c5d13f0d3e8b4b0f1b8b0459c125f86e0f77e8dfb5acd70af17ef0b","scopes":["publish:*","subscribe:*","broadcast","users"],"created_at":1795346146467,"expires_at":null,"allowed_cidrs":[],"revoked_at":null,"last_used_at":null,"previous_digest":"","previous_until":null}',1795346146488);
CREATE UNIQUE INDEX devices_by_token ON devices (client, token);
CREATE INDEX devices_by_user ON devices (client, user, seen_at);
CREATE UNIQUE INDEX devices_by_id ON devices (id);
COMMIT;
PRAGMA application_id=1314145881;
PRAGMA user_version=2;
