-- How likely the plate of a passage was the one of its permit, and which other permit of the book came nearest.

-- 0 to 1; NULL: no permit decided, or the edge did not say.
ALTER TABLE passages ADD COLUMN probability REAL;
-- The permit of the likeliest other plate and how likely that was, 0 to 1; both NULL: no other was worth naming.
ALTER TABLE passages ADD COLUMN runner_up BLOB;
ALTER TABLE passages ADD COLUMN runner_up_probability REAL;
