-- Have an idempotency key stand for one notification, where it does not stand for another yet.
--
-- KEYS[1]  the key, {k/DIGEST}
-- ARGV[1]  the id of the notification; "" only looks
-- ARGV[2]  the fingerprint of the request
-- ARGV[3]  until when the key is good, and ARGV[4] now, as the caller has it: milliseconds since the epoch
-- ARGV[5]  for how many milliseconds from now Redis keeps it
--
-- Answers {0} where it was free, or {1, id, "p" while it is not known to be taken in and "d" after, fingerprint}.

local before = redis.call('GET', KEYS[1])
if before then
  local expires_at, state, fingerprint, id = string.match(before, '^(%d+) (%l) (%S*) (.*)$')
  if tonumber(expires_at) > tonumber(ARGV[4]) then
    return {1, id, state, fingerprint}
  end
end
if ARGV[1] ~= '' then
  redis.call('SET', KEYS[1], ARGV[3] .. ' p ' .. ARGV[2] .. ' ' .. ARGV[1], 'PX', ARGV[5])
end
return {0}
