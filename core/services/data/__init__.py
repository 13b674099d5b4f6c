"""Images into the workspace, and a look at them."""
