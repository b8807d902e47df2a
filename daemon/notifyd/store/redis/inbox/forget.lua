-- Drops an inbox; the user's next one is another.
-- ARGV: the epoch of that, how long it lives (seconds), 'erase' where nothing is to be told of it any more, or '',
--       how long what was in it is not placed again then (seconds)
-- Answers: epoch; figures before (see lib.lua); id, offset and expiry of those that had not arrived; the epoch then.
local m = look()
local before, left = figures(m), {}
if not m.epoch or m.head == 0 then
  return {m.epoch or '', before, left, m.epoch or ''}
end
local epoch = m.epoch
local erased = m.erased
if ARGV[3] == 'erase' then
  erased = erased == '' and m.epoch or (string.sub(erased, -200) .. ' ' .. m.epoch)
  if redis.call('EXISTS', PLACES) == 1 then
    redis.call('RENAME', PLACES, GONE)
    redis.call('EXPIRE', GONE, ARGV[4])
  end
else
  evict(m, function() return true end, left)
end
redis.call('DEL', META, STREAM, PLACES, ENDS)
m = {epoch = ARGV[1], head = 0, floor = 0, cursor = 0, erased = erased}
begin(m)
redis.call('EXPIRE', META, ARGV[2])
tell(m)
return {epoch, before, left, m.epoch}
