import { busScript } from './bus-script.js';
import type { Script } from './connection.js';

/** Joins, or extends the lease: name, instance, leaseMs, capacity, onFull, topics, keepMs. */
export const joinScript: Script = busScript(`
local name, instance, leaseMs = ARGV[1], ARGV[2], tonumber(ARGV[3])
reap(name, ARGV[7])
local isNew = not isThere(name)
if not redis.call('ZSCORE', base .. 'i:' .. name, instance) then
  for p = 0, 2 do
    redis.pcall('XGROUP', 'CREATE', queue(name, p), 'm', '0', 'MKSTREAM')
    redis.call('PERSIST', queue(name, p))
  end
  redis.call('PERSIST', base .. 'orphans:' .. name)
  redis.call('SREM', base .. 'orphans:' .. name, instance)
  redis.call('HSET', base .. 'box:' .. name, 'capacity', ARGV[4], 'onFull', ARGV[5], 'topics', ARGV[6])
  for _, topic in ipairs(cjson.decode(ARGV[6])) do redis.call('SADD', base .. 'topic:' .. topic, name) end
end
redis.call('ZADD', base .. 'i:' .. name, now + leaseMs, instance)
redis.call('ZADD', base .. 'members', 'GT', now + leaseMs, name)
if isNew then tell('joined ' .. name) end
return 1
`);

/** Sees who died: keepMs. */
export const reapScript: Script = busScript(`
for _, name in ipairs(redis.call('ZRANGEBYSCORE', base .. 'members', '-inf', now, 'LIMIT', 0, 100)) do reap(name, ARGV[1]) end
return 1
`);

/** name, instance, maxDead. */
export const leaveScript: Script = busScript(`
local name, instance = ARGV[1], ARGV[2]
if redis.call('ZREM', base .. 'i:' .. name, instance) == 0 then return 0 end
if redis.call('ZCARD', base .. 'i:' .. name) > 0 then
  redis.call('SADD', base .. 'orphans:' .. name, instance)
  wake(name)
  return 1
end
local mail = {}
for p = 0, 2 do
  for _, found in ipairs(redis.call('XRANGE', queue(name, p), '-', '+')) do mail[#mail + 1] = {p, found[1], found[2]} end
end
table.sort(mail, function(a, b)
  local aMs, aSeq = string.match(a[2], '(%d+)-(%d+)')
  local bMs, bSeq = string.match(b[2], '(%d+)-(%d+)')
  if aMs ~= bMs then return tonumber(aMs) < tonumber(bMs) end
  return tonumber(aSeq) < tonumber(bSeq)
end)
for _, item in ipairs(mail) do
  bury(name, item[3], 'member-left', '', ARGV[3])
  redis.call('ZREM', base .. 'expiry', expiryOf(name, item[1], item[2]))
end
for p = 0, 2 do redis.call('DEL', queue(name, p)) end
quit(name)
redis.call('DEL', base .. 'box:' .. name, base .. 'i:' .. name, base .. 'orphans:' .. name)
tell('left ' .. name)
return 1
`);

/** Answers name, instances, topics and depth of each. */
export const membersScript: Script = busScript(`
local out = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', base .. 'members', '(' .. now, '+inf')) do
  out[#out + 1] = {name, redis.call('ZCOUNT', base .. 'i:' .. name, '(' .. now, '+inf'),
    redis.call('HGET', base .. 'box:' .. name, 'topics') or '[]', depth(name)}
end
return out
`);

/** maxDead. Answers the depth, then names and sums. */
export const metricsScript: Script = busScript(`
expire(ARGV[1])
local sum = 0
for _, name in ipairs(redis.call('ZRANGE', base .. 'members', 0, -1)) do sum = sum + depth(name) end
local out = redis.call('HGETALL', base .. 'counts')
table.insert(out, 1, sum)
return out
`);

/** Which log (`dead` or `h:<thread>`), behind which place, how many, maxDead. */
export const pageScript: Script = busScript(`
expire(ARGV[4])
return redis.call('XRANGE', base .. ARGV[1], ARGV[2], '+', 'COUNT', ARGV[3])
`);
