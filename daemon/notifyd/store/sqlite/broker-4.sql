-- The journal of the local broker, version 4: requests.

-- The id of the request that handed it in; '' where it had none.
ALTER TABLE notifications ADD COLUMN request TEXT NOT NULL DEFAULT '';
