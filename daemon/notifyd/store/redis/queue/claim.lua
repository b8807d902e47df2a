#!lua flags=allow-oom
-- Become the node that sees to a shard, or go on being it.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  the node
-- ARGV[2]  for how many milliseconds from now
--
-- Answers {0, owner, milliseconds that are left to it}, or {1, fence, paused, notifications, bytes, and for each lane:
-- ready, the first that comes up, the first lease that ends; "" for none}.
--
-- What the last owner held when its time ran out is ready again at once; an owner that gave the shard back has let go
-- of all that it could. The fence rises with each new owner, and follows the clock of the server, so that it rises also
-- where a replica that took over has not seen the last of it.

local tag, node = KEYS[1], ARGV[1]
local lanes = {'live', 'push', 'webhook'}
local owner = redis.call('GET', tag .. ':owner')
if owner and owner ~= node then
  return {0, owner, redis.call('PTTL', tag .. ':owner')}
end

local function lost(lane)
  local leased, ready = tag .. ':leased:' .. lane, tag .. ':ready:' .. lane
  local members = redis.call('ZRANGE', leased, 0, -1)
  for first = 1, #members, 500 do
    local words, ids = {}, {}
    for at = first, math.min(first + 499, #members) do
      ids[#ids + 1] = string.sub(members[at], 14)
    end
    local metas = redis.call('HMGET', tag .. ':m', unpack(ids))
    local tries = redis.call('HMGET', tag .. ':tries', unpack(ids))
    for at, id in ipairs(ids) do
      if metas[at] then
        local rank = tries[at] and string.match(tries[at], ' (%S+)$')
        words[#words + 1] = rank and rank ~= '-' and rank or string.match(metas[at], ' (%S+) ')
        words[#words + 1] = members[first + at - 1]
      end
    end
    if #words > 0 then
      redis.call('ZADD', ready, unpack(words))
    end
    redis.call('HDEL', tag .. ':held', unpack(ids))
  end
  redis.call('DEL', leased)
end

local last = redis.call('HGET', tag .. ':figures', 'owner')
if last ~= node then
  if last then
    for _, lane in ipairs(lanes) do
      lost(lane)
    end
  end
  local fence = tonumber(redis.call('HGET', tag .. ':figures', 'fence') or 0) + 1
  fence = math.max(fence, tonumber(redis.call('TIME')[1]))
  redis.call('HSET', tag .. ':figures', 'owner', node, 'fence', string.format('%.0f', fence))
end
redis.call('SET', tag .. ':owner', node, 'PX', ARGV[2])

local answer = {
  1,
  tonumber(redis.call('HGET', tag .. ':figures', 'fence')),
  redis.call('EXISTS', tag .. ':paused'),
  redis.call('HLEN', tag .. ':m'),
  tonumber(redis.call('HGET', tag .. ':figures', 'bytes') or 0),
}
for _, lane in ipairs(lanes) do
  answer[#answer + 1] = redis.call('ZCARD', tag .. ':ready:' .. lane)
  answer[#answer + 1] = redis.call('ZRANGE', tag .. ':scheduled:' .. lane, 0, 0, 'WITHSCORES')[2] or ''
  answer[#answer + 1] = redis.call('ZRANGE', tag .. ':leased:' .. lane, 0, 0, 'WITHSCORES')[2] or ''
end
return answer
