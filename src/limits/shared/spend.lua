-- One exchange, or what a node has to tell, settled at once with everything that the nodes share. Nothing is written unless all of it passes.
--
-- A node never grants more by itself than the store has kept for it: of each quota the store knows, for each node, how much that node has
-- granted and up to where it may go while the store is lost. What is granted and what is kept for all of them together is never more than
-- the quota.
--
-- KEYS: the nodes that have told all they know to this store; accounts of which somebody wants more than is free; then one for each rate,
-- one for each quota, three for people.
-- Answers a list of numbers: 0, what is left of each rate, for each quota how far the node may go and what all have granted, for people how
-- many more the node may take and how many there are; or 1, which rate, microseconds to wait; 2, which quota is used up; 3, which one is kept
-- for others; 4, the number of the newest message that the store knows, if this one is older.
local ask = cjson.decode(ARGV[1])
local at = 2
local function key()
  at = at + 1
  return KEYS[at]
end
local joined = redis.call('HLEN', KEYS[1]) >= ask.nodes
local wanted = false
local writes, answer = {}, { 0 }
local function write(...) writes[#writes + 1] = { ... } end
local function number(value) return string.format('%.0f', value) end

-- GCRA by the store's own clock. A clock that was set back counts as a bucket that is empty, not as one that stays so.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
for which, rate in ipairs(ask.rates) do
  local name, whole = key(), rate.interval * rate.burst
  local full = math.min(math.max(tonumber(redis.call('GET', name) or 0), now), now + whole)
  if ask.spend then
    local wait = full - now - (whole - rate.interval)
    if wait > 0 then return { 1, which, wait } end
    full = full + rate.interval
    write('SET', name, number(full), 'PX', number(math.ceil((full - now) / 1000) + 1))
  end
  answer[#answer + 1] = math.floor((whole - (full - now)) / rate.interval)
end

-- What the other nodes have granted, and how much is granted by them or kept for them. A node that is not there has told nothing since the
-- period began: its share is kept.
local function others(name, limit)
  local granted, kept, there = 0, 0, 0
  local all = redis.call('HGETALL', name)
  for i = 1, #all, 2 do
    local own, cap, seq = string.match(all[i + 1], '^(%d+) (%d+) (%d+)$')
    if all[i] == ask.node then
      if tonumber(seq) >= ask.seq then return nil, tonumber(seq) end
    else
      granted, kept, there = granted + own, kept + math.max(own, cap), there + 1
    end
  end
  return granted, kept + math.max(0, ask.nodes - 1 - there) * math.floor(limit / ask.nodes)
end

-- Up to where the node may go: at least where it was, at most what is free, else its part of what is left.
local function settle(limit, granted, kept, own, cap)
  local room = cap
  if joined then room = limit - kept end
  if ask.spend and own > 0 then
    if granted + own > limit then return nil, 2 end
    if own > cap and own > room then
      wanted = true
      return nil, 3
    end
  end
  local wish = own + math.floor(math.max(0, limit - granted - own) / (ask.nodes + 1))
  wanted = wanted or (ask.spend and joined and room < wish)
  return math.max(own, cap, math.min(room, wish))
end

local function want()
  redis.call('SADD', KEYS[2], ask.account)
  redis.call('PEXPIRE', KEYS[2], 5000)
end

local function refuse(code, which)
  if wanted then want() end
  return { code, which }
end

for which, quota in ipairs(ask.quotas) do
  local name = key()
  local granted, kept = others(name, quota.limit)
  if not granted then return { 4, kept } end
  local cap, code = settle(quota.limit, granted, kept, quota.own, quota.cap)
  if not cap then return refuse(code, which) end
  answer[#answer + 1] = cap
  answer[#answer + 1] = granted + quota.own
  write('HSET', name, ask.node, number(quota.own) .. ' ' .. number(cap) .. ' ' .. number(ask.seq))
  write('EXPIRE', name, number(quota.expires))
end

-- People: all of them once, with how many nodes hold each; those of this node; how many more each node may take.
local people = ask.people
if people then
  local all, mine, spare = key(), key(), key()
  local there, fresh = redis.call('HLEN', all), 0
  local granted, kept = others(spare, people.limit)
  if not granted then return { 4, kept } end
  for _, person in ipairs(people.asked) do
    if redis.call('HEXISTS', all, person) == 0 then fresh = fresh + 1 end
  end
  local before = people.spare
  if not ask.spend then before = before + fresh end
  local cap, code = settle(people.limit, there, there + kept, fresh, before)
  if not cap then return refuse(code, #ask.quotas + 1) end
  for _, person in ipairs(people.asked) do
    if redis.call('SADD', mine, person) == 1 then redis.call('HINCRBY', all, person, 1) end
  end
  for _, person in ipairs(people.returned) do
    if redis.call('SREM', mine, person) == 1 and redis.call('HINCRBY', all, person, -1) <= 0 then
      redis.call('HDEL', all, person)
    end
  end
  answer[#answer + 1] = cap - fresh
  answer[#answer + 1] = redis.call('HLEN', all)
  write('HSET', spare, ask.node, '0 ' .. number(cap - fresh) .. ' ' .. number(ask.seq))
  for _, name in ipairs({ all, mine, spare }) do write('EXPIRE', name, number(people.expires)) end
end

for _, command in ipairs(writes) do redis.call(unpack(command)) end
if wanted then want() end
return answer
