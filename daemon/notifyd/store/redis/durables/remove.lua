#!lua flags=allow-oom
-- Forgets a durable subscription that was not used since, and tells its topic.
--
-- KEYS    state
-- ARGV    topic, node, the last use that is long enough ago ("" for any)
-- answer  {1 where it is gone, its last use}

local used_at = redis.call('HGET', KEYS[1], 'u')
if used_at and ARGV[3] ~= '' and tonumber(used_at) > tonumber(ARGV[3]) then
  return {0, used_at}
end
redis.call('DEL', KEYS[1])
redis.call('SPUBLISH', ARGV[1], '["r",1,' .. cjson.encode(ARGV[2]) .. ']')
return {1, used_at or '0'}
