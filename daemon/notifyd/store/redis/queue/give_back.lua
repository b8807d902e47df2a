#!lua flags=allow-oom
-- Let another node see to a shard.
--
-- KEYS[1]  the tag of the shard
-- ARGV[1]  the node that saw to it
--
-- Answers 1, or 0 where it is not the owner. What it still holds is another's when the leases end.

local tag = KEYS[1]
if redis.call('GET', tag .. ':owner') ~= ARGV[1] then
  return 0
end
redis.call('DEL', tag .. ':owner')
redis.call('HDEL', tag .. ':figures', 'owner')
redis.call('SPUBLISH', tag .. ':bell', 'free')
return 1
