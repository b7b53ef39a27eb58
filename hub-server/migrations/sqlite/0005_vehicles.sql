-- What a camera saw of a passage's vehicle, what its permit said otherwise, and what a permit says of its vehicle.

-- car, van, truck, bus, motorcycle; NULL: not sure enough to say, or nothing looked.
ALTER TABLE passages ADD COLUMN vehicle_type TEXT;
-- How likely the likeliest type was, said or not; NULL: nothing looked.
ALTER TABLE passages ADD COLUMN vehicle_type_confidence REAL;
-- white, grey, black, red, blue, green, yellow, brown; NULL: not sure enough to say, no colours in the picture, or nothing looked.
ALTER TABLE passages ADD COLUMN vehicle_colour TEXT;
ALTER TABLE passages ADD COLUMN vehicle_colour_confidence REAL;
-- What the permit of that time said and what was seen surely contradicts; both NULL: nothing.
ALTER TABLE passages ADD COLUMN expected_type TEXT;
ALTER TABLE passages ADD COLUMN expected_colour TEXT;

-- What a permit says of its vehicle; NULL: nothing.
ALTER TABLE permits ADD COLUMN vehicle_type TEXT;
ALTER TABLE permits ADD COLUMN vehicle_colour TEXT;
