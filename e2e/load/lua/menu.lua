-- Guests without a wristband read the menu.
dofile("common.lua")
