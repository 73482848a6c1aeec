-- Phases of a scripting program: trees, joined strings, tables that grow and are thinned out.   phases.lua ROUNDS
local rounds = tonumber(arg[1]) or 1
math.randomseed(42)

local function tree(depth)
  if depth == 0 then return {} end
  return {tree(depth - 1), tree(depth - 1), depth}
end

local function count(node)
  if not node[1] then return 1 end
  return 1 + count(node[1]) + count(node[2])
end

local total, kept = 0, {}
for round = 1, rounds do
  for depth = 8, 15 do total = total + count(tree(depth)) end
  local words = {}
  for i = 1, 60000 do words[i] = "word" .. i .. string.rep("x", math.random(0, 60)) end
  local text = table.concat(words, " ")
  local seen = {}
  for word in text:gmatch("%S+") do seen[word] = (seen[word] or 0) + 1 end
  for word in pairs(seen) do
    if math.random() < 0.1 then kept[word .. round] = {word, round} end
  end
  local grid = {}
  for i = 1, 400 do
    grid[i] = {}
    for j = 1, 200 do grid[i][j] = i * j % 7 end
  end
  for word in pairs(kept) do
    if math.random() < 0.5 then kept[word] = nil end
  end
  total = total + #text + #grid
end
print(total)
