-- Enters inboxes in one part of the index, as they are.
-- KEYS: oldest, newest, sizes, totals (see InboxIndexKeys)
-- ARGV: for each: member, how many it keeps, their bytes, the instant of the oldest, the rank of the newest or 0 where
--       there is no such inbox any more, and 'keep' where the rank that is known counts
-- Answers: inboxes, notifications and bytes in this part.
local OLDEST, NEWEST, SIZES, TOTALS = unpack(KEYS)
local grown, grown_bytes = 0, 0
for i = 1, #ARGV, 6 do
  local member, count, bytes, oldest, newest, keep = unpack(ARGV, i, i + 5)
  local known = redis.call('HGET', SIZES, member) or '0 0'
  local known_count, known_bytes = string.match(known, '^(%d+) (%d+)$')
  if newest == '0' then
    count, bytes = 0, 0
    redis.call('ZREM', NEWEST, member)
    redis.call('HDEL', SIZES, member)
  else
    if keep == 'keep' then
      redis.call('ZADD', NEWEST, 'NX', newest, member)
    else
      redis.call('ZADD', NEWEST, newest, member)
    end
    redis.call('HSET', SIZES, member, count .. ' ' .. bytes)
  end
  if tonumber(count) > 0 then
    redis.call('ZADD', OLDEST, oldest, member)
  else
    redis.call('ZREM', OLDEST, member)
  end
  grown = grown + tonumber(count) - tonumber(known_count)
  grown_bytes = grown_bytes + tonumber(bytes) - tonumber(known_bytes)
end
return {
  redis.call('ZCARD', NEWEST),
  redis.call('HINCRBY', TOTALS, 'count', grown),
  redis.call('HINCRBY', TOTALS, 'bytes', grown_bytes),
}
