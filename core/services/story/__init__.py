"""The story so far: what was tried, what each step gained on the same images, what is open."""
