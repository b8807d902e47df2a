#!lua flags=allow-oom
-- Forgets a durable subscription that was not used since, and tells its topic.
--
-- KEYS    state, see put.lua
-- ARGV    topic, node, the last use that is long enough ago ("" for any)
-- answer  {1 where it is gone, its last use, the number of this change}

local state, topic, node, oldest = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local known = redis.call('HMGET', state, 'u', 'v')
local used_at, version = known[1], known[2]
if used_at and oldest ~= '' and tonumber(used_at) > tonumber(oldest) then
  return {0, used_at, version}
end
if version then
  version = string.format('%.0f', tonumber(version) + 1)
else
  -- as read.lua has it
  local now = redis.call('TIME')
  version = now[1] .. string.format('%06d', now[2])
end
redis.call('DEL', state)
redis.call('SPUBLISH', topic, '["r",1,' .. cjson.encode(node) .. ',' .. version .. ']')
return {1, used_at or '0', version}
