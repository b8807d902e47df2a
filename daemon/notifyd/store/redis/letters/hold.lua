#!lua flags=allow-oom
-- Takes dead letters of one shard out of every read while their notifications are put back, all or none.
-- KEYS: order, bodies, size, held (see LetterKeys)
-- ARGV: the instant, a word that tells this call from others, then for each: its id, the id of the notification that goes on for it
-- Answers: OK, or the error CONFLICT where one is not there: then nothing was changed.
local order, bodies, size, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
for i = 3, #ARGV, 2 do
  if redis.call('HEXISTS', bodies, ARGV[i]) == 0 then
    return redis.error_reply('CONFLICT the dead letter is gone, or is being put back')
  end
end
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  local body = redis.call('HGET', bodies, id)
  local died_at = redis.call('ZSCORE', order, id)
  redis.call('HSET', held, id, ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[i + 1] .. ' ' .. died_at .. ' ' .. body)
  redis.call('ZREM', order, id)
  redis.call('HDEL', bodies, id)
  redis.call('DECRBY', size, string.match(body, '^%d+'))
end
return redis.status_reply('OK')
