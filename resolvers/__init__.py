"""How it is done: one plain async function per operation, over planned reads and short transactions."""
