"""A drawn car cabin with a driver doing each of the ten behaviours, seen from the passenger side.

`scene.random_scene` chooses everything that can vary, `draw.draw` turns the choice into pixels and
`draw.encode` into a JPEG. Left and right are the driver's own. Base coordinates are those of a
640 x 480 frame.
"""
