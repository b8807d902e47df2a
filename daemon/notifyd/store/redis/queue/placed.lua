#!lua flags=allow-oom
-- Notifications of one shard have got their places in streams although their leases ran out: they go first.
--
-- KEYS[1]  the tag of the shard
-- ARGV     their ids, in the order of their places
--
-- Answers how many wait.

local tag = KEYS[1]
local lanes = {l = 'live', p = 'push', w = 'webhook'}
local FIRST = -4503599627370496
local waiting = 0
for _, id in ipairs(ARGV) do
  local meta = redis.call('HGET', tag .. ':m', id)
  if meta then
    waiting = waiting + 1
    local failed, due, rank = string.match(redis.call('HGET', tag .. ':tries', id) or '0 0 -', '^(%S+) (%S+) (%S+)$')
    if rank == '-' then
      rank = string.format('%.0f', FIRST + redis.call('INCR', tag .. ':seq'))
      redis.call('HSET', tag .. ':tries', id, failed .. ' ' .. due .. ' ' .. rank)
      local place, lane = string.match(meta, '^(.-)(%l) ')
      redis.call('ZADD', tag .. ':ready:' .. lanes[lane], 'XX', rank, place .. id)
    end
  end
end
return waiting
