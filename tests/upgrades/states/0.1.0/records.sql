BEGIN TRANSACTION;
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO "keys" VALUES('key_6b4486a15ab1e627','{"id":"key_6b4486a15ab1e627","client_id":"default","name":"shop","digest":"116a4176e384d806de88ae861fb86256a03bd5334f74999fc5f4b84cd5f09a76","scopes":["publish:*","subscribe:*","broadcast"],"created_at":1795345989196,"expires_at":null,"allowed_cidrs":[],"revoked_at":null,"last_used_at":null,"previous_digest":"","previous_until":null}',1795345992154);
COMMIT;
PRAGMA application_id=1314145881;
PRAGMA user_version=1;
