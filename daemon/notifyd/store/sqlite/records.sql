-- Records that operators made, version 1. Instants are milliseconds since the Unix epoch.

-- API keys. record is JSON: few and small, read whole at start.
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
