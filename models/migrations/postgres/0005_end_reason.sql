-- Why a login session ended early, so that whoever comes with one of its tokens
-- can be told. NULL where that is not known, as for those that ended before.
ALTER TABLE login_sessions ADD COLUMN end_reason TEXT COLLATE "C";
