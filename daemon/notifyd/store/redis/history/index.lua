#!lua flags=allow-oom
-- Notes what is kept of streams. Each row tells all of its stream, so that a row that comes twice or late is no harm.
--
-- KEYS    clients, names, last, leaves, figures, totals
-- ARGV    rows of six: member, the same the other way round ("" for a stream that is not listed), when the newest was
--         stamped ("" for a stream that was forgotten), when the oldest leaves ("" for none), publications, bytes
-- answer  {streams, publications, bytes} over all

local clients, names, last, leaves, figures, totals = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local publications, bytes = 0, 0
for i = 1, #ARGV, 6 do
  local member, name, last_at, leaves_at = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local before = redis.call('HGET', figures, member)
  if before then
    local count, size = string.match(before, '^(%d+) (%d+)$')
    publications, bytes = publications - count, bytes - size
  end
  if last_at == '' then
    redis.call('ZREM', last, member)
    redis.call('ZREM', leaves, member)
    redis.call('ZREM', clients, member)
    redis.call('ZREM', names, name)
    redis.call('HDEL', figures, member)
  else
    publications, bytes = publications + ARGV[i + 4], bytes + ARGV[i + 5]
    redis.call('HSET', figures, member, ARGV[i + 4] .. ' ' .. ARGV[i + 5])
    redis.call('ZADD', last, last_at, member)
    if leaves_at == '' then
      redis.call('ZREM', leaves, member)
    else
      redis.call('ZADD', leaves, leaves_at, member)
    end
    if name ~= '' then
      redis.call('ZADD', clients, 0, member)
      redis.call('ZADD', names, 0, name)
    end
  end
end
return {
  redis.call('ZCARD', last),
  redis.call('HINCRBY', totals, 'publications', publications),
  redis.call('HINCRBY', totals, 'bytes', bytes),
}
