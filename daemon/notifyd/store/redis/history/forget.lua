#!lua flags=allow-oom
-- Forgets one stream whole, where nothing was stamped in it since.
--
-- KEYS    meta, stream, places, sizes
-- ARGV    topic, when its newest publication was stamped
-- answer  1, or 0 where something was stamped later

if (redis.call('HGET', KEYS[1], 'last') or ARGV[2]) ~= ARGV[2] then
  return 0
end
redis.call('DEL', unpack(KEYS))
redis.call('SPUBLISH', ARGV[1], '["f",1]')
return 1
