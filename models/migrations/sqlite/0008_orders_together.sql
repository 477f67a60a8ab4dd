-- Orders that share a commit are written by one statement. SQLite keeps a copy of
-- each page that such a statement changes, in case that it has to undo half of it:
-- because of references that are checked at once. Checked at the commit, they need
-- no copies. And for a list of more than two texts it builds a table in memory with
-- each statement, for a chain of OR it does not.
--
-- Neither changes what is stored, so the text of the schema is changed in place
-- (sqlite.org/lang_altertable.html, section 7), and a large database opens as soon as
-- a small one.

PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(sql,
    'REFERENCES users (id)', 'REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED'),
    'status IN (''placed'', ''preparing'', ''ready'', ''served'', ''cancelled'')',
    'status = ''placed'' OR status = ''preparing'' OR status = ''ready'' OR status = ''served'' OR status = ''cancelled''')
WHERE type = 'table' AND name = 'orders';
PRAGMA writable_schema = RESET; -- off, and the schema is read again

-- Other connections notice that the schema has changed when its version does.
CREATE TABLE schema_version_moves_on (x INTEGER) STRICT;
DROP TABLE schema_version_moves_on;
