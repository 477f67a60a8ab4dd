-- Guests order, each in turn, and give every order a name of its own.
dofile("common.lua")

local parts, count = nil, 0
local run = os.getenv("RUN")

-- The place of the key is left open, so that only the key is made anew.
function init()
  parts = every(function(token)
    local text = wrk.format("POST", nil, {
      ["Authorization"] = "Bearer " .. token,
      ["Content-Type"] = "application/json",
      ["Idempotency-Key"] = "@KEY@",
    }, os.getenv("ORDER"))
    local from, to = text:find("@KEY@", 1, true)
    return { text:sub(1, from - 1), text:sub(to + 1) }
  end)
end

function request()
  local part = parts()
  count = count + 1
  return part[1] .. run .. "-" .. number .. "-" .. count .. part[2]
end
