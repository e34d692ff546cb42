"""Where Heimdall runs: the native local stack, images and compositions."""
