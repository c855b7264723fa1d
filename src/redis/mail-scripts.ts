import { busScript } from './bus-script.js';
import type { Script } from './connection.js';

/**
 * id, from, kind of route, its target, place of the priority, ttlMs, message, thread, whether to record it, bus that waits for a
 * response, dedupeMs, maxDedupeIds, maxDead, maxThreadMessages, maxThreads. Answers whether the member is there, how many took it, those that are full, those
 * that refuse, and the place of the last entry.
 */
export const sendScript: Script = busScript(`
local id, from, route, target, p, ttlMs, message = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]
local dedupeMs, maxDead = tonumber(ARGV[11]), ARGV[13]
local expires = ttlMs == '' and '' or now + tonumber(ttlMs)
local seen, last = base .. 'seen', ''

local function firstWaiting(name, place)
  local released = redis.call('XPENDING', queue(name, place), 'm', '-', '+', 1, 'released')[1]
  if released then return released[1] end
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', queue(name, place))) do
    for i = 1, #group, 2 do
      if group[i] == 'last-delivered-id' then
        local found = redis.call('XRANGE', queue(name, place), '(' .. group[i + 1], '+', 'COUNT', 1)[1]
        return found and found[1]
      end
    end
  end
end
-- Makes a place by dropping the oldest of the least urgent; the new one where all are more urgent.
local function makeRoom(name)
  for place = 2, p, -1 do
    local victim = firstWaiting(name, place)
    if victim then
      bury(name, entryAt(name, place, victim), 'dropped', '', maxDead)
      remove(name, place, victim)
      return true
    end
  end
  bury(name, {'e', message, 's', now, 'x', expires}, 'dropped', '', maxDead)
  return false
end
local function deliver(name)
  local key = id .. '\\n' .. name
  local at = redis.call('ZSCORE', seen, key)
  if at and tonumber(at) > now - dedupeMs then
    count('duplicates')
    return 'duplicate'
  end
  local box = redis.call('HMGET', base .. 'box:' .. name, 'capacity', 'onFull')
  local capacity = tonumber(box[1])
  if depth(name) >= capacity then expire(maxDead) end
  if depth(name) >= capacity then
    if box[2] == 'wait' then
      redis.call('SADD', base .. 'waiting', name)
      return 'full'
    end
    if box[2] == 'refuse' then
      count('refused')
      return 'refused'
    end
    if not makeRoom(name) then return 'dropped' end
  end
  last = redis.call('XADD', queue(name, p), '*', 'e', message, 's', now, 'x', expires, 'i', id, 'r', ARGV[10])
  if expires ~= '' then redis.call('ZADD', base .. 'expiry', expires, expiryOf(name, p, last)) end
  redis.call('ZADD', seen, now, key)
  count('sent')
  wake(name)
  return 'put'
end

local names = {}
if route == 'member' then
  if not isThere(target) then return {0, 0, {}, {}, ''} end
  names = {target}
else
  local all = route == 'all' and redis.call('ZRANGEBYSCORE', base .. 'members', '(' .. now, '+inf')
    or redis.call('SMEMBERS', base .. 'topic:' .. target)
  for _, name in ipairs(all) do
    if name ~= from and isThere(name) then names[#names + 1] = name end
  end
end
local receivers, full, refused = 0, {}, {}
for _, name in ipairs(names) do
  local result = deliver(name)
  if result == 'put' then receivers = receivers + 1 end
  if result == 'full' then full[#full + 1] = name end
  if result == 'refused' then refused[#refused + 1] = name end
end
redis.call('ZREMRANGEBYSCORE', seen, '-inf', now - dedupeMs)
redis.call('ZREMRANGEBYRANK', seen, 0, -tonumber(ARGV[12]) - 1)
if ARGV[9] == '1' and (route ~= 'member' or receivers > 0) then record(ARGV[8], message, expires, ARGV[14], ARGV[15]) end
return {1, receivers, full, refused, last}
`);

/** name, instance, how many, maxDead. Answers the time, then for each message its place, id, attempt, and entry; 0 for one who is not there. */
export const takeScript: Script = busScript(`
local name, instance, max, maxDead = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if not redis.call('ZSCORE', base .. 'i:' .. name, instance) then return 0 end
local out, taken = {now}, 0
local function give(p, id, entry, attempt)
  if isOver(entry) then
    bury(name, entry, 'expired', '', maxDead)
    remove(name, p, id)
    return
  end
  redis.call('ZREM', base .. 'expiry', expiryOf(name, p, id))
  count('delivered')
  if attempt > 1 then count('redelivered') end
  taken = taken + 1
  out[#out + 1] = {p, id, attempt, entry[2], entry[4], entry[6]}
end
local orphans = redis.call('SMEMBERS', base .. 'orphans:' .. name)
local isHeld = {}
local function claim(p)
  local found = {}
  for _, consumer in ipairs(orphans) do
    for _, item in ipairs(redis.call('XPENDING', queue(name, p), 'm', '-', '+', 100, consumer)) do
      local ms, seq = string.match(item[1], '(%d+)-(%d+)')
      found[#found + 1] = {item[1], tonumber(ms), tonumber(seq), item[4]}
      isHeld[consumer] = true
    end
  end
  table.sort(found, function(a, b) return a[2] < b[2] or (a[2] == b[2] and a[3] < b[3]) end)
  for _, item in ipairs(found) do
    if taken >= max then return end
    local claimed = redis.call('XCLAIM', queue(name, p), 'm', instance, 0, item[1])[1]
    if claimed then give(p, item[1], claimed[2], item[4] + 1) end
  end
end
for p = 0, 2 do
  if #orphans > 0 then claim(p) end
  while taken < max do
    local read = redis.call('XREADGROUP', 'GROUP', 'm', instance, 'COUNT', max - taken, 'STREAMS', queue(name, p), '>')
    if not read then break end
    for _, found in ipairs(read[1][2]) do give(p, found[1], found[2], 1) end
  end
end
if taken < max then
  for _, consumer in ipairs(orphans) do
    if not isHeld[consumer] then
      redis.call('SREM', base .. 'orphans:' .. name, consumer)
      for p = 0, 2 do redis.call('XGROUP', 'DELCONSUMER', queue(name, p), 'm', consumer) end
    end
  end
end
return out
`);

/** name, instance, place, id, what, problem or count, response, correlation id, thread, maxDead, maxThreadMessages, maxThreads. */
export const settleScript: Script = busScript(`
local name, instance, p, id, what = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local held = redis.pcall('XPENDING', queue(name, p), 'm', id, id, 1, instance)
if held.err or #held == 0 then return 0 end
local entry = entryAt(name, p, id)
if not entry then return 0 end
if what == 'again' then
  redis.call('XCLAIM', queue(name, p), 'm', 'released', 0, id, 'RETRYCOUNT', ARGV[6], 'JUSTID')
  redis.call('SADD', base .. 'orphans:' .. name, 'released')
  if entry[6] ~= '' then redis.call('ZADD', base .. 'expiry', entry[6], expiryOf(name, p, id)) end
  wake(name)
  return 1
end
if what == 'done' then count('acknowledged') else bury(name, entry, what, ARGV[6], ARGV[10]) end
if ARGV[7] ~= '' then
  record(ARGV[9], ARGV[7], '', ARGV[11], ARGV[12])
  local answer = now .. ' ' .. ARGV[7]
  local heard = redis.call('PUBLISH', base .. 'bus:' .. entry[10], answer)
  local leftMs = entry[6] == '' and 60000 or tonumber(entry[6]) - now
  -- The requester is not listening just now: it looks when it is back.
  if heard == 0 and leftMs > 0 then redis.call('SET', base .. 'reply:' .. ARGV[8], answer, 'PX', leftMs) end
end
remove(name, p, id)
return 1
`);

/** name, place, id, id of the message. */
export const withdrawScript: Script = busScript(`
local name, p, id = ARGV[1], ARGV[2], ARGV[3]
redis.call('ZREM', base .. 'seen', ARGV[4] .. '\\n' .. name)
local held = redis.pcall('XPENDING', queue(name, p), 'm', id, id, 1)
if held.err then return 0 end
if held[1] and redis.call('SISMEMBER', base .. 'orphans:' .. name, held[1][2]) == 0 then
  redis.call('PUBLISH', base .. 'mail:' .. name, 'withdrawn ' .. ARGV[4])
else
  remove(name, p, id)
end
return 1
`);

/** Gives back what this instance holds and does not know of: name, instance, and the ids that it knows. */
export const recoverScript: Script = busScript(`
local name, known = ARGV[1], {}
for i = 3, #ARGV do known[ARGV[i]] = true end
for p = 0, 2 do
  for _, item in ipairs(redis.call('XPENDING', queue(name, p), 'm', '-', '+', 1000, ARGV[2])) do
    if not known[p .. ' ' .. item[1]] then
      redis.call('XCLAIM', queue(name, p), 'm', 'released', 0, item[1], 'RETRYCOUNT', item[4] - 1, 'JUSTID')
      redis.call('SADD', base .. 'orphans:' .. name, 'released')
    end
  end
end
return 1
`);
