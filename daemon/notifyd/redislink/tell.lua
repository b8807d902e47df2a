-- What a server of a cluster tells of itself. A command without a key goes to some server, so a key names the one meant.
--
-- KEYS[1]  any key of that server; it is not looked at
--
-- Answers {INFO, TIME, COMMAND INFO SPUBLISH}.

return {redis.call('INFO'), redis.call('TIME'), redis.call('COMMAND', 'INFO', 'SPUBLISH')}
