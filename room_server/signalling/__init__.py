"""Socket.IO: the /townhall namespace, one ordered writer per town hall."""
