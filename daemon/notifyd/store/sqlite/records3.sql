-- Records, version 3: how often keys or clients were changed, by whichever process has this file open.

-- One row. Last uses of keys do not count.
CREATE TABLE revision (
    changes INTEGER NOT NULL
) STRICT;

INSERT INTO revision VALUES (0);
