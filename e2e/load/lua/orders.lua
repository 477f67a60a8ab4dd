-- Guests look at their newest orders.
dofile("common.lua")

function init()
  request = every(function(token)
    return wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. token })
  end)
end
