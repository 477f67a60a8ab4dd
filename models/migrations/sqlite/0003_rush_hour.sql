-- A step of an order used to rewrite its entry in four indexes. Now an order is
-- open or done, which changes once; a step in between touches one index only.

ALTER TABLE orders ADD COLUMN done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)); -- served or cancelled
UPDATE orders SET done = 1 WHERE status IN ('served', 'cancelled');

DROP INDEX orders_open;
DROP INDEX orders_due;
DROP INDEX orders_by_status;
DROP INDEX orders_of_guest_by_status;
CREATE INDEX orders_open ON orders (id) WHERE NOT done;
CREATE INDEX orders_due ON orders (status, updated_at) WHERE NOT done;
CREATE INDEX orders_done ON orders (status, id) WHERE done;
CREATE INDEX orders_done_of_guest ON orders (user_id, status, id) WHERE done;
