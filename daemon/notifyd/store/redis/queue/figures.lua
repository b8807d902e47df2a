-- Count what one shard holds.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  now, as the caller has it: milliseconds since the epoch
--
-- Answers {notifications, bytes, paused, accepted at of the oldest or "", receipts, events, {ready, scheduled, leased of
-- the lanes live, push, webhook}, {priorities, in hexadecimal, and how many of each}}.

local tag, now = KEYS[1], ARGV[1]
local lanes = {}
for _, lane in ipairs({'live', 'push', 'webhook'}) do
  local scheduled, leased = tag .. ':scheduled:' .. lane, tag .. ':leased:' .. lane
  -- what has come up, and what is held no longer, is ready though nobody has asked for it yet
  local due = redis.call('ZCOUNT', scheduled, '-inf', now)
  local lost = redis.call('ZCOUNT', leased, '-inf', now)
  lanes[#lanes + 1] = redis.call('ZCARD', tag .. ':ready:' .. lane) + due + lost
  lanes[#lanes + 1] = redis.call('ZCARD', scheduled) - due
  lanes[#lanes + 1] = redis.call('ZCARD', leased) - lost
end
local bytes, events = unpack(redis.call('HMGET', tag .. ':figures', 'bytes', 'events'))
return {
  redis.call('HLEN', tag .. ':m'),
  tonumber(bytes or 0),
  redis.call('EXISTS', tag .. ':paused'),
  redis.call('ZRANGE', tag .. ':all', 0, 0, 'WITHSCORES')[2] or '',
  redis.call('LLEN', tag .. ':settled'),
  tonumber(events or 0),
  lanes,
  redis.call('HGETALL', tag .. ':priorities'),
}
