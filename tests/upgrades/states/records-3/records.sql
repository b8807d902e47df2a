BEGIN TRANSACTION;
CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "clients" VALUES('4c4fe7fdd0db53d32d9326a7','{"id":"4c4fe7fdd0db53d32d9326a7","name":"app","secret":"v1.xGZ50RZlU9k1ICGnaO7coKPT422Ggr_UcBV6Z9nswoWXdnXcKDBDWMOgda41le0Ytd6HqZkfBMtieiebNRoKAJh-vnmh1RQ=","created_at":1795346128022,"url":"","description":"","cookie_name":"","updated_at":1795346128022,"previous_secret":"","previous_until":null}');
INSERT INTO "clients" VALUES('default','{"id":"default","name":"default","secret":"v1.UQ1dywOoroP7RjnOhXf10XrzTh66HqTulPByrq_ylMqUetGgWjYmuagucYk4IIZqLQJLaGSTSlgJcCAF3L20M7_3KwuX8v0=","created_at":1795346127412,"url":"","description":"","cookie_name":"","updated_at":1795346127412,"previous_secret":"","previous_until":null}');
CREATE TABLE devices (
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
INSERT INTO "devices" VALUES('dev_b490580052bf4b5b','4c4fe7fdd0db53d32d9326a7','alice','fcm-token-of-alice',1795346128464,1795346128464);
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO "keys" VALUES('key_e185d143998916ed','{"id":"key_e185d143998916ed","client_id":"default","name":"shop","digest":"7938fb19c495082c36c6b66eca4f628021d78717f460cb73b33391da0623add1","scopes":["publish:*","subscribe:*","broadcast","users"],"created_at":1795346127694,"expires_at":null,"allowed_cidrs":[],"revoked_at":null,"last_used_at":null,"previous_digest":"","previous_until":null}',1795346128608);
CREATE TABLE revision (
    changes INTEGER NOT NULL
) STRICT;
INSERT INTO "revision" VALUES(3);
CREATE UNIQUE INDEX devices_by_token ON devices (client, token);
CREATE INDEX devices_by_user ON devices (client, user, seen_at);
CREATE UNIQUE INDEX devices_by_id ON devices (id);
COMMIT;
PRAGMA application_id=1314145881;
PRAGMA user_version=3;
