-- Guests order, each in turn.
dofile("common.lua")

function init()
  request = every(function(token)
    return wrk.format("POST", nil, {
      ["Authorization"] = "Bearer " .. token,
      ["Content-Type"] = "application/json",
    }, os.getenv("ORDER"))
  end)
end
