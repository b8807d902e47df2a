-- Leaves notifications out of every read of an inbox: they were given up. One that is put back gets a new place.
-- ARGV: their ids
-- Answers: how many of them were there.
local m = look()
local changed = {}
for _, id in ipairs(ARGV) do
  local offset = redis.call('HGET', PLACES, id)
  if offset then
    redis.call('HDEL', PLACES, id)
    redis.call('HSET', ENDS, offset, 'withheld')
    changed[#changed + 1] = string.format('[%s,"withheld"]', offset)
  end
end
if #changed > 0 then
  redis.call('EXPIRE', ENDS, math.max(redis.call('TTL', STREAM), 1))
  tell(m, table.concat(changed, ','))
end
return #changed
