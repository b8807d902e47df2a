#!lua flags=allow-oom
-- Take out notifications of one shard that wait, and are neither leased nor have their place in a stream.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  now, as the caller has it: milliseconds since the epoch
-- ARGV[2]  for how many milliseconds a receipt is kept at most
-- ARGV[3...]  for each: id, state, receipt; without a receipt ("") no trace of it is left
--
-- Answers {notifications, bytes of the shard, and for each: 1, or 0 where it is not free to go}.

local tag = KEYS[1]
local lanes = {l = 'live', p = 'push', w = 'webhook'}
local flags, told = {}, {}
for at = 3, #ARGV, 3 do
  local id = ARGV[at]
  local meta = redis.call('HGET', tag .. ':m', id)
  local tries = redis.call('HGET', tag .. ':tries', id)
  local free = meta and redis.call('HEXISTS', tag .. ':held', id) == 0 and not (tries and string.match(tries, ' %-%d+$'))
  flags[#flags + 1] = free and 1 or 0
  if free then
    local place, lane, bytes = string.match(meta, '^(.-)(%l) %S+ (%d+)$')
    redis.call('ZREM', tag .. ':ready:' .. lanes[lane], place .. id)
    redis.call('ZREM', tag .. ':scheduled:' .. lanes[lane], place .. id)
    redis.call('ZREM', tag .. ':all', place .. id)
    redis.call('HDEL', tag .. ':n', id)
    redis.call('HDEL', tag .. ':m', id)
    redis.call('HDEL', tag .. ':tries', id)
    redis.call('HINCRBY', tag .. ':priorities', string.sub(place, 13), -1)
    redis.call('HINCRBY', tag .. ':figures', 'bytes', -bytes)
    if ARGV[at + 2] ~= '' then
      redis.call('HSET', tag .. ':r:' .. id, 'r', ARGV[at + 2], 's', ARGV[1], 'state', ARGV[at + 1])
      redis.call('PEXPIRE', tag .. ':r:' .. id, ARGV[2])
      redis.call('PEXPIRE', tag .. ':t:' .. id, ARGV[2])
      redis.call('RPUSH', tag .. ':settled', ARGV[1] .. ' 0 ' .. id)
    end
    told[#told + 1] = id
  end
end
if #told > 0 then
  redis.call('SPUBLISH', tag .. ':told', table.concat(told, '\n'))
end
return {
  redis.call('HLEN', tag .. ':m'),
  tonumber(redis.call('HGET', tag .. ':figures', 'bytes') or 0),
  unpack(flags),
}
