BEGIN TRANSACTION;
CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "clients" VALUES('4f4fa7f20204c380046c866b','{"id":"4f4fa7f20204c380046c866b","name":"app","secret":"v1.ea1dapUYyigTHYiITAWTY5n5DvB41CocKGvPYduDyfg67_mQjOSNwjSmI3tNxl-rLaxNIACztABr7B2hnsH0kuDo2Mlq8Fg=","created_at":1795346125162,"url":"","description":"","cookie_name":"","updated_at":1795346125162,"previous_secret":"","previous_until":null}');
INSERT INTO "clients" VALUES('default','{"id":"default","name":"default","secret":"v1.gxKK1IcwdJSAwxQfxB6-rB8svsCFo0cpvwflKDi1Idc4IqNz8R6vyuUQx8SPPZrG_MmL3GjFoGZ7CHttvAZC7vLd039GCOo=","created_at":1795346124684,"url":"","description":"","cookie_name":"","updated_at":1795346124684,"previous_secret":"","previous_until":null}');
CREATE TABLE devices (
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
INSERT INTO "devices" VALUES('dev_117ddefa03fd4515','4f4fa7f20204c380046c866b','alice','fcm-token-of-alice',1795346125433,1795346125433);
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO "keys" VALUES('key_85b39d7339409145','{"id":"key_85b39d7339409145","client_id":"default","name":"shop","digest":"0e4679a6f6ab490bb3a86c8f419c316ccb7bbffcade165e1eacbccf6dea9f507","scopes":["publish:*","subscribe:*","broadcast","users"],"created_at":1795346124910,"expires_at":null,"allowed_cidrs":[],"revoked_at":null,"last_used_at":null,"previous_digest":"","previous_until":null}',1795346125508);
CREATE UNIQUE INDEX devices_by_token ON devices (client, token);
CREATE INDEX devices_by_user ON devices (client, user, seen_at);
CREATE UNIQUE INDEX devices_by_id ON devices (id);
COMMIT;
PRAGMA application_id=1314145881;
PRAGMA user_version=2;
