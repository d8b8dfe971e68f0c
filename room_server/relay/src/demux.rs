//! RFC 7983 demultiplexing by the first byte.
