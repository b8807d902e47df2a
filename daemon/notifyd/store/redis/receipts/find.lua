-- Tell all that one shard knows of a notification.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  its id
--
-- Answers nil, or {the notification while it waits, "TRIES DUE RANK" of what was given back or goes first, receipt once
-- it is settled (each "" where there is none), acks, {events}, {names and values of the rows of its users}}.

local tag, id = KEYS[1], ARGV[1]
local body = redis.call('HGET', tag .. ':n', id)
local receipt, acked = unpack(redis.call('HMGET', tag .. ':r:' .. id, 'r', 'a'))
if not body and not receipt then
  return false
end
return {
  body or '',
  redis.call('HGET', tag .. ':tries', id) or '',
  receipt or '',
  tonumber(acked or 0),
  redis.call('LRANGE', tag .. ':t:' .. id, 0, -1),
  redis.call('HGETALL', tag .. ':u:' .. id),
}
