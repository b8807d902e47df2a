-- Lets the oldest of an inbox go that are over a bound.
-- ARGV: the most notifications, the most bytes, the instant up to which all go, how many bytes are to be freed besides
--       and the instant up to which they may be
-- Answers: epoch; figures before (see lib.lua) and after; id, offset and expiry of those that had not arrived.
local max_count, max_bytes, age = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local free_bytes, free_until = tonumber(ARGV[4]), tonumber(ARGV[5])
local m = look()
local before, bytes, floor, left = figures(m), m.bytes, m.floor, {}
if m.epoch then
  evict(m, function(inbox)
    local count = inbox.head - inbox.floor
    return count > max_count or (count > 1 and inbox.bytes > max_bytes) or tonumber(inbox.oldest) <= age
      or (bytes - inbox.bytes < free_bytes and tonumber(inbox.oldest) <= free_until)
  end, left)
  if m.floor > floor then
    keep(m)
    tell(m)
  end
end
return {m.epoch or '', before, figures(m), left}
