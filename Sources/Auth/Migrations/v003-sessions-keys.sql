-- Where a session was begun and last refreshed from, for its owner to know it by.
ALTER TABLE sessions ADD COLUMN client TEXT;                          -- network address, the last one
ALTER TABLE sessions ADD COLUMN user_agent TEXT;                      -- the last one
