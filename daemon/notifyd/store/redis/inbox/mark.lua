-- Says how notifications in an inbox ended: dead or expired what had neither arrived nor ended, delivered what was dead.
-- ARGV: epoch, then for each: offset, word
-- Answers: how many of them were changed.
local m = look()
local changed = {}
for i = 2, #ARGV, 2 do
  local offset, word = tonumber(ARGV[i]), ARGV[i + 1]
  if m.epoch == ARGV[1] and offset > m.floor and offset <= m.head then
    local ended = redis.call('HGET', ENDS, offset)
    if (word == 'delivered' and ended == 'dead') or (word ~= 'delivered' and not ended and offset > m.cursor) then
      redis.call('HSET', ENDS, offset, word)
      changed[#changed + 1] = string.format('[%d,"%s"]', offset, word)
    end
  end
end
if #changed > 0 then
  redis.call('EXPIRE', ENDS, math.max(redis.call('TTL', STREAM), 1))
  tell(m, table.concat(changed, ','))
end
return #changed
