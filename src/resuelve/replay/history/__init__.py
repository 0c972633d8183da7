"""The history of model calls, looked back on: counted, exported, and told what came of it."""
