#!lua flags=allow-oom
-- Tell that a node is alive, and who else is. The server's clock counts, so that nodes need not agree on theirs.
-- KEYS: 1 hash of the nodes: id -> "ALIVE_UNTIL INFO"
-- ARGV: 1 the node's id, 2 milliseconds that the beat is good for, 3 what it tells of itself, "" when it leaves
-- Answers: id, info, id, info ... of every live node. Those that were silent for too long are taken out, and so is what
-- no node wrote, and who would be alive for longer than any node may say: the server's clock has gone back since then,
-- as where a replica took over, and who lives comes back with its next beat.
local LONGEST_MS = 310000
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] == "" then
  redis.call("HDEL", KEYS[1], ARGV[1])
else
  redis.call("HSET", KEYS[1], ARGV[1], string.format("%.0f %s", now + ARGV[2], ARGV[3]))
end
local all, live = redis.call("HGETALL", KEYS[1]), {}
for i = 1, #all, 2 do
  local alive_until, info = string.match(all[i + 1], "^(%d+) (.*)$")
  alive_until = tonumber(alive_until)
  if not alive_until or alive_until < now or alive_until > now + LONGEST_MS then
    redis.call("HDEL", KEYS[1], all[i])
  else
    live[#live + 1] = all[i]
    live[#live + 1] = info
  end
end
return live
