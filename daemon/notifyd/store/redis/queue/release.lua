#!lua flags=allow-oom
-- Give leased notifications of one shard back, to be leased again later; counts a try that failed.
--
-- KEYS[1]  the tag of the shard
-- ARGV     for each: id, token of the lease, when it comes up, when it is due, 1 where it has its place in a stream
--
-- Answers the first that comes up of each lane: live, push, webhook; "" for none. Whose lease was lost is passed over.

local tag = KEYS[1]
local lanes = {l = 'live', p = 'push', w = 'webhook'}
-- What has its place goes before everything else, in the order in which it is given back. Below every order key.
local FIRST = -4503599627370496
local told = {}
for at = 1, #ARGV, 5 do
  local id = ARGV[at]
  local held = redis.call('HGET', tag .. ':held', id)
  local meta = redis.call('HGET', tag .. ':m', id)
  if held and meta and string.match(held, '^%d+') == ARGV[at + 1] then
    local place, lane = string.match(meta, '^(.-)(%l) ')
    local before = redis.call('HGET', tag .. ':tries', id) or '0 0 -'
    local failed, rank = string.match(before, '^(%d+) %S+ (%S+)$')
    if ARGV[at + 4] == '1' and rank == '-' then
      rank = string.format('%.0f', FIRST + redis.call('INCR', tag .. ':seq'))
    end
    redis.call('HSET', tag .. ':tries', id, (failed + 1) .. ' ' .. ARGV[at + 3] .. ' ' .. rank)
    redis.call('HDEL', tag .. ':held', id)
    redis.call('ZREM', tag .. ':leased:' .. lanes[lane], place .. id)
    redis.call('ZADD', tag .. ':scheduled:' .. lanes[lane], ARGV[at + 2], place .. id)
    told[#told + 1] = id
  end
end
if #told > 0 then
  redis.call('SPUBLISH', tag .. ':told', table.concat(told, '\n'))
end
local answer = {}
for number, lane in ipairs({'live', 'push', 'webhook'}) do
  answer[number] = redis.call('ZRANGE', tag .. ':scheduled:' .. lane, 0, 0, 'WITHSCORES')[2] or ''
end
return answer
