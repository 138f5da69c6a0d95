"""Members as staff see them: the list, one member, and the forms of enrolling and changing."""
