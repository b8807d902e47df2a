#!lua flags=allow-oom
-- Tell an idempotency key what became of its notification.
--
-- KEYS[1]  the key, {k/DIGEST}
-- ARGV[1]  the id of the notification
-- ARGV[2]  done: it was taken in; free: it was not, and the key stands for nothing
--
-- Answers 1, or 0 where the key stands for another by now.

local before = redis.call('GET', KEYS[1])
if not before then
  return 0
end
local expires_at, fingerprint, id = string.match(before, '^(%d+) %l (%S*) (.*)$')
if id ~= ARGV[1] then
  return 0
end
if ARGV[2] == 'free' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], expires_at .. ' d ' .. fingerprint .. ' ' .. id, 'KEEPTTL')
end
return 1
