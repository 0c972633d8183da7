"""How good the decisions are, measured on labelled tickets; nothing is touched."""
