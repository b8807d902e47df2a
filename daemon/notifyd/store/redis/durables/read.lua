#!lua flags=no-writes
-- Reads a durable subscription.
--
-- KEYS    state, see put.lua
-- answer  {the number of its last change, HGETALL}; where nothing is known, a number between those of the one that was
--         there and those of the next one: the time

local known = redis.call('HGETALL', KEYS[1])
local version = redis.call('HGET', KEYS[1], 'v')
if not version then
  local now = redis.call('TIME')
  version = now[1] .. string.format('%06d', now[2])
end
return {version, known}
