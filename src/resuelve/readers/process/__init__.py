"""The process that reads: started and watched by `child`, and giving up in `isolation` what a reader does not need."""
