//! A typed Model Context Protocol client over any transport.
