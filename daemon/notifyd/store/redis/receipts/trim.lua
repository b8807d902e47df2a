#!lua flags=allow-oom
-- Forget receipts of one shard that are over a bound, the oldest first.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  what was settled at this instant or before goes
-- ARGV[2]  ARGV[3]  how many receipts, and how many rows of users, are kept
-- ARGV[4]  how many may go in this call
--
-- Answers how many went.

local tag = KEYS[1]
local oldest, max_count, max_rows = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local list = tag .. ':settled'
local count = redis.call('LLEN', list)
local rows = tonumber(redis.call('HGET', tag .. ':figures', 'rows') or 0)
local gone, fewer_rows, fewer_events = 0, 0, 0
while count > 0 and gone < tonumber(ARGV[4]) do
  local at, users, id = string.match(redis.call('LINDEX', list, 0), '^(%S+) (%d+) (.*)$')
  if tonumber(at) > oldest and count <= max_count and rows - fewer_rows <= max_rows then
    break
  end
  redis.call('LPOP', list)
  count = count - 1
  gone = gone + 1
  fewer_rows = fewer_rows + users
  -- one that was put back, and settled once more, has an entry of its own
  local settled_at = redis.call('HGET', tag .. ':r:' .. id, 's')
  if settled_at == at or (not settled_at and redis.call('HEXISTS', tag .. ':m', id) == 0) then
    fewer_events = fewer_events + redis.call('LLEN', tag .. ':t:' .. id)
    redis.call('DEL', tag .. ':r:' .. id, tag .. ':t:' .. id, tag .. ':u:' .. id)
  end
end
if fewer_rows > 0 then
  redis.call('HINCRBY', tag .. ':figures', 'rows', -fewer_rows)
end
if fewer_events > 0 then
  redis.call('HINCRBY', tag .. ':figures', 'events', -fewer_events)
end
return gone
