-- Guests log in, each in turn.
dofile("common.lua")

function init()
  request = every(function(credentials)
    return wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, credentials)
  end)
end
